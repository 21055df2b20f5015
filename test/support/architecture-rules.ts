// The rules of the house as pure functions over the text of its files; each gives the violations, none when it is kept.
// architecture.test.ts holds the house to them and shows that each one fails when it should.
import { posix } from 'node:path';
import { type Import, lineAt, type SourceFile } from './source-text.ts';

export type Rule = (files: readonly SourceFile[]) => string[];

/** Left to right: a room may import what stands to its left. Rooms of one group do not import each other. */
const groups: readonly (readonly string[])[] = [
  ['lib'],
  ['observe'],
  ['db'],
  ['ledger', 'passkey'],
  ['policy'],
  ['registry', 'operator'],
  ['notify'],
  ['household'],
  ['consent'],
  ['lawful'],
  ['metering', 'oauth'],
  ['audit'],
  ['api', 'web'],
  ['app', 'parts', 'config', 'main', 'cli', 'demo'],
];
/** The last group puts the house together: its members may import each other. */
const top = groups.length - 1;
const groupOf = (room: string): number => groups.findIndex((group) => group.includes(room));

/** `src/db/clock.ts` is in `db`, `src/main.ts` and `src/main-….ts` in `main`; outside src there is no room. */
const roomOf = (path: string): string | undefined => /^src\/([^/]+?)(?:(?:-[^/]+)?\.ts$|\/)/.exec(path)?.[1];

const target = (from: SourceFile, { specifier }: Import): string =>
  specifier.startsWith('.') ? posix.join(posix.dirname(from.path), specifier) : specifier;

const at = (file: SourceFile, line: number, what: string): string => `${file.path}:${line} ${what}`;

/** A rule about each import of each file: what is wrong with it, or nothing. */
const eachImport =
  (fault: (file: SourceFile, to: string, what: Import) => string | false | undefined): Rule =>
  (files) =>
    files.flatMap((file) =>
      file.imports.flatMap((one) => {
        const what = fault(file, target(file, one), one);
        return what ? [at(file, one.line, what)] : [];
      }),
    );

/** A rule that some code may stand in some files only. */
const onlyIn =
  (pattern: RegExp, allowed: RegExp, what: string): Rule =>
  (files) =>
    files
      .filter(({ path }) => path.startsWith('src/') && !allowed.test(path))
      .flatMap((file) =>
        [...file.code.matchAll(pattern)].map((match) => at(file, lineAt(file.code, match.index), what)),
      );

const nowhere = /^$/;

const together =
  (...rules: Rule[]): Rule =>
  (files) =>
    rules.flatMap((rule) => rule(files));

const direction: Rule = together(
  (files) =>
    files
      .filter(
        ({ path }) => path.startsWith('src/') && groupOf(roomOf(path) ?? '') < 0 && roomOf(path) !== 'http',
      )
      .map((file) => at(file, 1, `stands in no room of the house`)),
  eachImport((file, to) => {
    const from = roomOf(file.path);
    if (from === undefined || !to.startsWith('src/')) return from !== undefined && leavesSrc(from, to);
    return wrongWay(from, roomOf(to) ?? '') && `${from} may not import ${to}`;
  }),
);

/** The demo alone runs an example: the sample third party that anyone may copy. */
const leavesSrc = (from: string, to: string): string | false =>
  /^(test|bench|scripts|examples|migrations|\.\.)\//.test(to) &&
  !(from === 'demo' && to.startsWith('examples/')) &&
  `src may not import ${to}`;

function wrongWay(from: string, to: string): boolean {
  if (from === to) return false;
  // http stands on db and knows no domain; only what speaks HTTP may import it.
  if (from === 'http') return !['lib', 'observe', 'db'].includes(to);
  if (to === 'http') return !['oauth', 'api', 'web'].includes(from) && groupOf(from) !== top;
  return groupOf(to) > groupOf(from) || (groupOf(to) === groupOf(from) && groupOf(from) !== top);
}

const webAreas = /^src\/web\/(householder|regulator|developer|operator)\//;

/** What is marked `*` in the house: no database, file system, network or clock. */
const pure = new RegExp(
  `^src/(${[
    'lib/(?!ids)[^/]+',
    'ledger/(entry|merkle|note|checkpoint|cosignature|commitment|verify)[^/]*',
    'ledger/witness-(policy|quorum|request)',
    'ledger/(tile|tile-proof|tlog-proof)',
    'registry/third-party',
    'notify/security-event',
    'policy/(request|refusal-reason|recall)',
    'consent/(consent|terms|wording|receipt)',
    'metering/(reading|minimise|aggregate|answer)',
  ].join('|')})\\.ts$`,
);
const impure =
  /^(node:(fs|net|tls|http|https|http2|dgram|dns|child_process|worker_threads|cluster|timers|perf_hooks)\b|pg$|kysely$|express$|pino$|nodemailer$|src\/(db|observe|http)\/)|-store\.ts$/;

/** ledger/verify.ts and all that it imports must run in a browser: the regulator's page verifies there. */
const runsInBrowser: Rule = (files) => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set(['src/ledger/verify.ts']);
  for (const path of reached)
    for (const one of byPath.get(path)?.imports ?? []) {
      const file = byPath.get(path);
      if (file && one.values !== '') reached.add(target(file, one));
    }
  return [...reached]
    .filter((path) => path.startsWith('node:'))
    .map((path) => `src/ledger/verify.ts reaches ${path}, which no browser has`);
};

const sqlPlaces =
  /^src\/((.+\/)?[^/]+-store\.ts|notify\/outbox\.ts|db\/.+|ledger\/sequencer\.ts|metering\/(sources|import)\/.+)$/;
const queryCall =
  /\.\s*(selectFrom|selectNoFrom|insertInto|replaceInto|updateTable|deleteFrom|mergeInto|executeQuery|withRecursive)\s*(<[^()]*>)?\(/g;

const expressPlaces = /^src\/(app\.ts|app\/|http\/|api\/|web\/|oauth\/routes(\.ts|\/))/;
const doorAndSources = /^src\/metering\/(release\.ts|sources\/)/;

export const rules = {
  'each room imports only what stands to its left': direction,

  'the web areas do not import each other': eachImport((file, to) => {
    const [here, there] = [webAreas.exec(file.path)?.[1], webAreas.exec(to)?.[1]];
    return here && there && here !== there && `web/${here} may not import web/${there}`;
  }),

  'a file has at most 400 lines': (files) =>
    files
      .filter(({ path, lines }) => lines > 400 && !/\/(words|tables|vectors)\//.test(path))
      .map((file) => at(file, file.lines, 'is longer than 400 lines')),

  'only config.ts reads process.env': together(
    onlyIn(/\bprocess\s*(\?\.|\.)\s*env\b|\bprocess\s*\[/g, /^src\/config\.ts$/, 'reads process.env'),
    eachImport(
      ({ path }, to, { values }) =>
        path.startsWith('src/') &&
        path !== 'src/config.ts' &&
        /^(node:)?process$/.test(to) &&
        /\benv\b|^\w+$|\*/.test(values) &&
        'can read process.env',
    ),
  ),

  'SQL stands in stores only': together(
    onlyIn(queryCall, sqlPlaces, 'builds a query'),
    eachImport(
      ({ path }, to, { values }) =>
        path.startsWith('src/') &&
        !sqlPlaces.test(path) &&
        ((to === 'kysely' && /\bsql\b|\bCompiledQuery\b|\*/.test(values)) ||
          (to === 'pg' && values !== '')) &&
        `can write SQL: it imports ${values} from ${to}`,
    ),
  ),

  'only the release door reads from a source': together(
    onlyIn(/\.\s*read\s*\(/g, doorAndSources, 'calls read'),
    onlyIn(/\{[^{}]*\bread\b[^{}]*\}\s*=(?!=)/g, doorAndSources, 'takes read out of a source'),
    eachImport(
      ({ path }, to) =>
        /^src\/metering\/sources\//.test(to) &&
        !/^src\/(parts[./]|metering\/sources\/)/.test(path) &&
        path.startsWith('src/') &&
        `may not import ${to}: only parts opens sources`,
    ),
  ),

  'express stands in the rooms that speak HTTP': eachImport(
    ({ path }, to) =>
      path.startsWith('src/') && to === 'express' && !expressPlaces.test(path) && 'may not import express',
  ),

  'Cedar stands in the engine': eachImport(
    ({ path }, to) =>
      path.startsWith('src/') &&
      to.startsWith('@cedar-policy/') &&
      path !== 'src/policy/engine.ts' &&
      `may not import ${to}`,
  ),

  'only the clock asks for the time': onlyIn(
    /\bDate\s*\.\s*now\b|\bnew\s+Date\s*(\(\s*\)|(?!\s*\())|(?<!new\s+)\bDate\s*\(\s*\)|\bTemporal\s*\.\s*Now\b/g,
    /^src\/(db\/clock\.ts|lib\/)/,
    'asks the machine for the time',
  ),

  'exports have names': (files) =>
    files.flatMap((file) =>
      [...file.code.matchAll(/(?<![\w.$])export\s+default\b|\bas\s+default\b/g)].map((match) =>
        at(file, lineAt(file.code, match.index), 'has a default export'),
      ),
    ),

  'there is no enum': (files) =>
    files.flatMap((file) =>
      [...file.code.matchAll(/(?<![\w.$])enum\s+\w+\s*\{/g)].map((match) =>
        at(file, lineAt(file.code, match.index), 'has an enum'),
      ),
    ),

  'imports can be read': eachImport(
    ({ path }, to) =>
      path.startsWith('src/') &&
      path !== 'src/db/migrate.ts' &&
      to === '(computed)' &&
      'imports what only a run can tell',
  ),

  'pure files stay pure': together(
    eachImport(
      ({ path }, to, { values }) =>
        pure.test(path) && impure.test(to) && values !== '' && `is pure, so it may not import ${to}`,
    ),
    (files) =>
      onlyIn(
        /\b(fetch|setTimeout|setInterval)\s*\(/g,
        nowhere,
        'is pure, so it may not wait or call out',
      )(files.filter(({ path }) => pure.test(path))),
  ),

  'the verifier runs in a browser': runsInBrowser,

  'a file is named for one thing, in kebab-case': (files) =>
    files
      .filter(({ path }) => {
        const name = posix.basename(path).replace(/(\.test)?\.ts$/, '');
        return (
          !/^(\d{4}-)?[a-z0-9]+(-[a-z0-9]+)*$/.test(name) ||
          /^(utils?|helpers?|common|misc|shared)$|(^|-)(manager|service)$/.test(name)
        );
      })
      .map((file) => at(file, 1, 'has a name that says nothing, or is not in kebab-case')),
} satisfies Record<string, Rule>;

export type RuleName = keyof typeof rules;
