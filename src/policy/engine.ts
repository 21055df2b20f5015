// The one file that touches Cedar: opens the policy set, refusing to start on any fault in it, and decides requests.
// Nothing is permitted unless Cedar says allow with no error: a forbid that errors is skipped by Cedar, which then allows.
import {
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  preparseSchema,
  schemaToJson,
  statefulIsAuthorized,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs';
import { type PolicyText, readPolicyText } from './policy-text.ts';
import { recalling } from './recall.ts';
import { byImportance, isRefusalReason, type RefusalReason } from './refusal-reason.ts';
import { type CedarRequest, cedarRequest, type DisclosureRequest } from './request.ts';
import { cedarRightRequest, type RightRequest } from './right-request.ts';

export interface Decision {
  readonly allowed: boolean;
  /** Empty when allowed, never empty when refused; the first is the most important. */
  readonly reasons: readonly RefusalReason[];
  /** The ids of the policies that decided, sorted; empty where the request could not be put to them. */
  readonly policies: readonly string[];
  /** Names the text that decided: base64 of a SHA-256, see policy-text.ts. */
  readonly digest: string;
}

export interface Policy {
  readonly digest: string;
  readonly text: string;
  readonly schema: string;
  /** The rules, for pages and tables that are generated from them. */
  readonly rules: readonly Rule[];
  /** Never throws: whatever goes wrong is a refusal. */
  decide(request: DisclosureRequest): Decision;
  /** The same of a read without a consent. */
  decideByRight(request: RightRequest): Decision;
  /** The same of facts as they were put to Cedar, for a replay. */
  decideAgain(question: CedarRequest): Decision;
}

export interface Rule {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly reason: RefusalReason | null;
  readonly basis: string;
  /** The one action that it speaks of; null for any other scope. */
  readonly action: string | null;
  /** What it says, without its name and its other annotations: equal rules have equal contents. */
  readonly content: string;
}

/**
 * Rejects with one line that names the fault on any error or warning in the files. `remembered` is how many decisions
 * are kept: a decision is a pure function of its facts and the digest. 0 keeps none.
 */
export const openPolicy = async (dir: string, { remembered = 10_000 } = {}): Promise<Policy> =>
  openPolicyText(await readPolicyText(dir), { remembered });

/** The same of a text that was published. */
export function openPolicyText(text: PolicyText, { remembered = 10_000 } = {}): Policy {
  const rules = text.files.flatMap((file) => rulesOf(file.name, file.text));
  refuseDuplicates(rules);
  const known = factsOf(text.schema);
  load(text, rules, [...known.keys()]);
  const decideKnown = recalling(decider(text.digest, rules), remembered);
  const decideAgain = (question: CedarRequest) => decideKnown(withFacts(question, known));
  const orRefuse = (decide: () => Decision): Decision => {
    try {
      return decide();
    } catch {
      return refusal(text.digest, ['policy_denied'], []);
    }
  };
  return {
    digest: text.digest,
    text: text.text,
    schema: text.schema,
    rules,
    decide: (request) => orRefuse(() => decideAgain(cedarRequest(request))),
    decideByRight: (request) => orRefuse(() => decideAgain(cedarRightRequest(request))),
    decideAgain: (question) => orRefuse(() => decideAgain(question)),
  };
}

/** The facts that a schema knows, by action. */
function factsOf(schema: string): ReadonlyMap<string, ReadonlySet<string>> {
  const answer = schemaToJson(schema);
  if (answer.type === 'failure') throw fault('schema.cedarschema', answer.errors[0]?.message);
  const actions = Object.entries(answer.json['']?.actions ?? {});
  return new Map(
    actions.map(([name, { appliesTo }]) => {
      const context = appliesTo?.context;
      const attributes = context && 'attributes' in context ? (context.attributes ?? {}) : {};
      return [name, new Set(Object.keys(attributes))];
    }),
  );
}

/** A set that was published for fewer facts is asked with those: the check against its schema refuses any other. */
function withFacts(question: CedarRequest, known: ReadonlyMap<string, ReadonlySet<string>>): CedarRequest {
  const facts = known.get(question.action.id);
  if (Object.keys(question.context).every((name) => facts?.has(name))) return question;
  const context = Object.entries(question.context).filter(([name]) => facts?.has(name));
  return { ...question, context: Object.fromEntries(context) };
}

function rulesOf(file: string, text: string): Rule[] {
  const parts = policySetTextToParts(text);
  if (parts.type === 'failure') throw fault(file, parts.errors[0]?.message);
  if (parts.policy_templates.length > 0) throw fault(file, 'templates are not used here');
  return parts.policies.map((source) => parseRule(file, source));
}

function parseRule(file: string, source: string): Rule {
  const answer = policyToJson(source);
  if (answer.type === 'failure') throw fault(file, answer.errors[0]?.message);
  const { effect, annotations = {}, ...said } = answer.json;
  const action = said.action.op === '==' && 'entity' in said.action ? actionName(said.action.entity) : null;
  const content = withoutAnnotations(source, said);
  const { id, reason, basis } = annotations;
  if (!id) throw fault(file, `a ${effect} has no @id: ${source.slice(0, 60)}`);
  if (!basis) throw fault(file, `"${id}" has no @basis`);
  if (effect === 'permit') {
    if (reason !== undefined) throw fault(file, `"${id}" permits, so it has no @reason`);
    return { id, effect, reason: null, basis, action, content };
  }
  if (!reason) throw fault(file, `"${id}" has no @reason`);
  if (!isRefusalReason(reason)) throw fault(file, `"${id}" has the unknown @reason "${reason}"`);
  return { id, effect, reason, basis, action, content };
}

/**
 * The text alone, which is what Cedar is given: it copies annotations with each decision. Not made from its JSON, in which a
 * long integer would lose its last digits. Where taking them off would change what is said, they stay.
 */
function withoutAnnotations(source: string, said: object): string {
  const text = source.replace(/^(\s*@\w+\("(?:[^"\\]|\\.)*"\))+\s*/, '');
  const answer = policyToJson(text);
  if (answer.type === 'failure') return source;
  const { effect: _effect, annotations = {}, ...rest } = answer.json;
  const isSame = Object.keys(annotations).length === 0 && JSON.stringify(rest) === JSON.stringify(said);
  return isSame ? text : source;
}

function actionName(entity: object): string | null {
  const { type, id } = ('__entity' in entity ? entity.__entity : entity) as { type?: string; id?: string };
  return type === 'Action' && id !== undefined ? id : null;
}

function refuseDuplicates(rules: readonly Rule[]): void {
  const seen = new Set<string>();
  for (const { id } of rules) {
    if (seen.has(id)) throw fault('*.cedar', `two policies have the @id "${id}"`);
    seen.add(id);
  }
}

/** A question is put to the rules of its action alone: the others could not apply, and each costs time. */
const setOf = (digest: string, action: string): string => `${digest} ${action}`;

/** Validates, then leaves schema and policies parsed in Cedar's cache of this thread: the schema under the digest. */
function load({ schema, digest }: PolicyText, rules: readonly Rule[], actions: readonly string[]): void {
  // A record of id to policy: from one text Cedar would name the policies policy0, policy1 … and ignore @id.
  const asSet = (some: readonly Rule[]) => ({
    staticPolicies: Object.fromEntries(some.map(({ id, content }) => [id, content])),
  });
  const policies = asSet(rules);
  const answer = validate({ schema, policies, validationSettings: { mode: 'strict' } });
  if (answer.type === 'failure') throw fault('schema.cedarschema', answer.errors[0]?.message);
  const [first] = [...answer.validationErrors, ...answer.validationWarnings];
  if (first) throw fault('*.cedar', `"${first.policyId}": ${first.error.message}`);
  const [other] = answer.otherWarnings;
  if (other) throw fault('schema.cedarschema', other.message);
  const sets = actions.map((name) =>
    preparsePolicySet(
      setOf(digest, name),
      asSet(rules.filter(({ action }) => action === null || action === name)),
    ),
  );
  for (const parsed of [preparseSchema(digest, schema), ...sets])
    if (parsed.type === 'failure') throw fault('*.cedar', parsed.errors[0]?.message);
}

function decider(digest: string, rules: readonly Rule[]): (question: CedarRequest) => Decision {
  const reasonOf = new Map(rules.map(({ id, reason }) => [id, reason]));
  const knownShapes = new Set<string>();
  return (question) => {
    const shape = shapeOf(question);
    const isKnown = knownShapes.has(shape);
    const answer = statefulIsAuthorized({
      ...question,
      entities: [],
      ...(isKnown ? {} : { validateRequest: true, preparsedSchemaName: digest }),
      preparsedPolicySetId: setOf(digest, question.action.id),
    });
    if (!isKnown && answer.type === 'success') {
      if (knownShapes.size >= mostShapes) knownShapes.clear();
      knownShapes.add(shape);
    }
    if (answer.type !== 'success') return refusal(digest, ['policy_denied'], []);
    const { decision, diagnostics } = answer.response;
    const policies = [...diagnostics.reason].sort();
    if (diagnostics.errors.length > 0)
      return refusal(digest, ['policy_denied'], diagnostics.errors.map(({ policyId }) => policyId).sort());
    if (decision === 'allow' && policies.length > 0) return { allowed: true, reasons: [], policies, digest };
    return refusal(digest, byImportance(policies.map((id) => reasonOf.get(id) ?? 'policy_denied')), policies);
  };
}

const mostShapes = 10_000;

/**
 * What Cedar's check of a request against the schema depends on: every name and text in it, and of the numbers, which
 * cedarRequest has seen to be integers, only that they are there. The check takes half of the time of a decision, so a shape
 * that has passed it is not checked again.
 */
function shapeOf({ principal, action, resource, context }: CedarRequest): string {
  let shape = JSON.stringify([principal, action, resource]);
  for (const [name, fact] of Object.entries(context))
    shape += `${name} ${typeof fact === 'number' ? 0 : JSON.stringify(fact)} `;
  return shape;
}

/** The only maker of refusals: one without a reason, as Cedar's default deny is, gets `policy_denied`. */
const refusal = (digest: string, reasons: RefusalReason[], policies: string[]): Decision => ({
  allowed: false,
  reasons: reasons.length > 0 ? reasons : ['policy_denied'],
  policies,
  digest,
});

const fault = (where: string, what = 'cannot be read'): Error =>
  new Error(`policy: ${where}: ${what.replace(/\s+/g, ' ')}`);
