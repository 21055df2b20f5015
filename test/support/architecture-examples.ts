// For each rule of the house, files that break it and files that only look as if they did.
// Every broken file breaks its rule exactly once.
import type { RuleName } from './architecture-rules.ts';

interface Examples {
  /** Path and text. */
  readonly broken: readonly [string, string][];
  readonly kept: readonly [string, string][];
}

export const examples: Record<RuleName, Examples> = {
  'each room imports only what stands to its left': {
    broken: [
      ['src/ledger/x.ts', `import { a } from '../consent/consent.ts';`],
      ['src/ledger/x.ts', `import type { A } from '../policy/request.ts';`],
      ['src/consent/x.ts', `export { a } from '../oauth/token.ts';`],
      ['src/metering/x.ts', `const a = await import('../oauth/token.ts');`],
      ['src/oauth/x.ts', `import '../metering/release.ts';`],
      ['src/api/x.ts', `import { html } from "../web/html.ts";`],
      ['src/registry/x.ts', `import {\n  a,\n  b,\n} from '../operator/proposals.ts';`],
      ['src/http/x.ts', `import { a } from '../consent/consent.ts';`],
      ['src/consent/x.ts', `import { a } from '../http/limits.ts';`],
      ['src/lib/x.ts', `import { a } from '../config.ts';`],
      ['src/lib/x.ts', `import { a } from '../../test/support/database.ts';`],
      ['src/stuff/x.ts', ''],
    ],
    kept: [
      ['src/ledger/x.ts', `import { a } from '../db/database.ts';\nimport { b } from './entry.ts';`],
      ['src/web/x.ts', `import { a } from '../http/limits.ts';`],
      ['src/main.ts', `import { a } from './parts.ts';\nimport { c } from './config.ts';`],
      [
        'src/ledger/x.ts',
        `// import { a } from '../consent/consent.ts';\nconst t = "from '../consent/consent.ts'";`,
      ],
      ['test/x.test.ts', `import { a } from '../src/web/html.ts';`],
    ],
  },
  'the web areas do not import each other': {
    broken: [['src/web/householder/x.ts', `import { a } from '../regulator/search.ts';`]],
    kept: [
      ['src/web/householder/x.ts', `import { a } from '../layout.ts';\nimport { b } from './sign-in.ts';`],
    ],
  },
  'a file has at most 400 lines': {
    broken: [['src/lib/x.ts', 'x;\n'.repeat(401)]],
    kept: [
      ['src/lib/x.ts', 'x;\n'.repeat(400)],
      ['src/web/words/en.ts', 'x;\n'.repeat(900)],
    ],
  },
  'only config.ts reads process.env': {
    broken: [
      ['src/db/x.ts', 'const a = process.env.HOME;'],
      ['src/db/x.ts', 'const { a } = process\n  .env;'],
      ['src/db/x.ts', `const a = process['env'];`],
      ['src/db/x.ts', `const a = \`at \${process.env.HOME}\`;`],
      ['src/db/x.ts', `import { env } from 'node:process';`],
      ['src/db/x.ts', `import process from 'node:process';`],
    ],
    kept: [
      ['src/config.ts', 'const a = process.env.HOME;'],
      ['src/db/x.ts', '/* process.env */ process.exit(1);'],
      ['src/db/x.ts', `import { stdout } from 'node:process';`],
    ],
  },
  'SQL stands in stores only': {
    broken: [
      ['src/consent/consents.ts', `import { sql } from 'kysely';`],
      ['src/consent/consents.ts', `import { type Kysely, sql as s } from 'kysely';`],
      ['src/consent/consents.ts', `import * as k from 'kysely';`],
      ['src/consent/consents.ts', `import { Client } from 'pg';`],
      ['src/consent/consents.ts', `await db\n  .selectFrom('consent.consent')`],
      ['src/consent/consents.ts', `await tx.insertInto('x')`],
      ['src/consent/consents.ts', `await tx.updateTable('x')`],
      ['src/consent/consents.ts', `await tx.deleteFrom('x')`],
      ['src/consent/store.ts', `await tx.deleteFrom('x')`],
      ['src/metering/release.ts', `await tx.selectFrom('x')`],
    ],
    kept: [
      ['src/consent/consent-store.ts', `import { sql } from 'kysely'; db.selectFrom('x')`],
      ['src/notify/outbox.ts', `db.insertInto('x')`],
      ['src/ledger/sequencer.ts', `import { sql } from 'kysely';`],
      ['src/metering/sources/embedded-source.ts', `import { sql } from 'kysely';`],
      ['src/consent/consents.ts', `import type { Kysely, sql } from 'kysely';\n// then selectFrom(x)`],
      ['src/consent/consents.ts', `import { Kysely, type sql } from 'kysely';`],
    ],
  },
  'only the release door reads from a source': {
    broken: [
      ['src/api/readings.ts', 'const { days } = await source.read(request);'],
      ['src/metering/answer.ts', 'await parts.sources[0]?.read(request);'],
      ['src/web/householder/x.ts', 'const { read } = source;'],
      ['src/api/readings.ts', `import { embeddedSource } from '../metering/sources/embedded-source.ts';`],
    ],
    kept: [
      ['src/metering/release.ts', 'await source.read(request);'],
      ['src/parts.ts', `import { embeddedSource } from './metering/sources/embedded-source.ts';`],
      ['src/api/readings.ts', 'await readFile(path); await releaseReadings(request); reader.readAll();'],
    ],
  },
  'express stands in the rooms that speak HTTP': {
    broken: [
      ['src/consent/x.ts', `import type { Request } from 'express';`],
      ['src/oauth/token.ts', `import express from 'express';`],
    ],
    kept: [
      ['src/app.ts', `import express from 'express';`],
      ['src/oauth/routes.ts', `import { Router } from 'express';`],
      ['src/web/householder/x.ts', `import { Router } from 'express';`],
    ],
  },
  'Cedar stands in the engine': {
    broken: [['src/policy/request.ts', `import type { Context } from '@cedar-policy/cedar-wasm/nodejs';`]],
    kept: [['src/policy/engine.ts', `import { validate } from '@cedar-policy/cedar-wasm/nodejs';`]],
  },
  'only the clock asks for the time': {
    broken: [
      ['src/consent/x.ts', 'const now = Date.now();'],
      ['src/consent/x.ts', 'const clock = Date.now;'],
      ['src/consent/x.ts', 'const now = new Date();'],
      ['src/consent/x.ts', 'const now = new Date;'],
      ['src/consent/x.ts', 'const now = Temporal.Now.instant();'],
    ],
    kept: [
      ['src/db/clock.ts', 'const now = Date.now();'],
      ['src/consent/x.ts', 'const day = new Date(ms).toISOString(); const t = "Date.now()";'],
      ['src/consent/x.ts', 'const a: Date = b; // new Date()'],
    ],
  },
  'exports have names': {
    broken: [
      ['src/lib/x.ts', 'export default 1;'],
      ['test/x.ts', 'const a = 1;\nexport { a as default };'],
    ],
    kept: [['src/lib/x.ts', `export const a = 'export default';`]],
  },
  'there is no enum': {
    broken: [
      ['src/lib/x.ts', 'export enum Colour { Red }'],
      ['src/lib/x.ts', 'const enum Colour { Red }'],
    ],
    kept: [['src/lib/x.ts', 'z.enum(colours); const a = { enum: [1] };\n// enum Colour {']],
  },
  'imports can be read': {
    broken: [['src/lib/x.ts', 'await import(name);']],
    kept: [['src/lib/x.ts', `await import('./y.ts'); import.meta.dirname;`]],
  },
  'pure files stay pure': {
    broken: [
      ['src/consent/consent.ts', `import { readFile } from 'node:fs/promises';`],
      ['src/metering/minimise.ts', `import { openDatabase } from '../db/database.ts';`],
      ['src/ledger/merkle.ts', `import { head } from './ledger-store.ts';`],
      ['src/policy/request.ts', 'setTimeout(decide, 10);'],
    ],
    kept: [
      ['src/consent/consents.ts', `import { openDatabase } from '../db/database.ts';`],
      ['src/consent/consent.ts', `import type { Row } from './consent-store.ts';`],
    ],
  },
  'the verifier runs in a browser': {
    broken: [['src/ledger/verify.ts', `import { createHash } from 'node:crypto';`]],
    kept: [['src/ledger/verify.ts', `import { leafHash } from './merkle.ts';`]],
  },
  'a file is named for one thing, in kebab-case': {
    broken: [
      ['src/lib/utils.ts', ''],
      ['src/consent/consent-manager.ts', ''],
      ['src/consent/giveConsent.ts', ''],
    ],
    kept: [['migrations/0001-clock.ts', '']],
  },
};
