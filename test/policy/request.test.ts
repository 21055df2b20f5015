// The facts reach Cedar as integers, strings and enumerated names, in one form for equal facts.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { schemaToJson } from '@cedar-policy/cedar-wasm/nodejs';
import { errorCatalogue } from '../../src/lib/error-catalogue.ts';
import { byImportance, errorCodeOf, refusalReasons } from '../../src/policy/refusal-reason.ts';
import { cedarRequest, purposes, registers, thirdPartyClasses } from '../../src/policy/request.ts';
import { disclosureCases } from '../support/policy-cases.ts';
import { policyDir } from '../support/policy-dir.ts';

const [anyCase] = await disclosureCases();
assert.ok(anyCase);
const facts = anyCase.request;

const schemaText = await readFile(join(policyDir, 'schema.cedarschema'), 'utf8');
const schema = schemaToJson(schemaText);
assert.ok(schema.type === 'success');
const root = schema.json[''];

test('classes, purposes and registers are the same in TypeScript and in the schema', () => {
  assert.deepEqual(
    [root?.entityTypes.ThirdPartyClass, root?.entityTypes.Purpose, root?.entityTypes.Register].map(
      (type) => type && 'enum' in type && type.enum,
    ),
    [thirdPartyClasses, purposes, registers],
  );
});

test('every fact that a policy may use is required and is an integer, a string or an enumerated name', () => {
  const context = root?.actions.disclose?.appliesTo?.context;
  assert.ok(context && 'attributes' in context && context.attributes);
  const attributes = Object.entries(
    context.attributes as Record<string, { required?: boolean; type: string }>,
  );
  assert.deepEqual(
    attributes.filter(([, { required }]) => required === false),
    [],
  );
  assert.deepEqual([...new Set(attributes.map(([, { type }]) => type))].sort(), ['EntityOrCommon', 'Set']);
  assert.deepEqual(attributes.map(([name]) => name).sort(), Object.keys(cedarRequest(facts).context).sort());
});

test('the order in which purposes and registers are listed makes no difference', () => {
  const turned = {
    ...facts,
    thirdParty: { ...facts.thirdParty, purposes: [...facts.thirdParty.purposes].reverse() },
    consent: { ...facts.consent, registers: ['import', 'export'] as const },
  };
  const straight = { ...facts, consent: { ...facts.consent, registers: ['export', 'import'] as const } };
  assert.equal(JSON.stringify(cedarRequest(turned)), JSON.stringify(cedarRequest(straight)));
});

test('a window that holds no day, and a day that is no integer, are not put to Cedar', () => {
  const empty = { ...facts, window: { fromDay: 20_000, untilDay: 20_000 } };
  assert.throws(() => cedarRequest(empty), /holds no day/);
  assert.throws(() => cedarRequest({ ...facts, closedUntilDay: Number.NaN }), /NaN is not a day/);
});

test('every reason has an error code of the catalogue', () => {
  for (const reason of refusalReasons) assert.ok(Object.hasOwn(errorCatalogue, errorCodeOf(reason)), reason);
});

test('reasons are sorted by importance, each once', () => {
  assert.deepEqual(byImportance(['period_not_closed', 'finer_than_consented', 'period_not_closed']), [
    'finer_than_consented',
    'period_not_closed',
  ]);
});
