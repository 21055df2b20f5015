// examples/verify/verify.py as tests run it: many exports in one process, or one export as its user would.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../../examples/verify');
export const script = join(folder, 'verify.py');

/** Null where Python and its package are there; else what to say when skipping. */
export const whyNoPython: string | null = (() => {
  const found = spawnSync('python3', ['-c', 'import sys, cryptography; assert sys.version_info >= (3, 9)']);
  return found.status === 0
    ? null
    : 'needs python3 (3.9 or later) with the package cryptography: pip install cryptography';
})();

export interface ExportCase {
  readonly name: string;
  readonly file: string | Uint8Array;
  readonly keys: readonly string[];
  readonly checkpoints?: readonly string[];
  /** Text of a witness policy file. */
  readonly policy?: string;
  /** Exports of the logs that it goes on for, the oldest first. */
  readonly formers?: readonly (string | Uint8Array)[];
}

export interface PythonVerdict {
  readonly sound: boolean;
  readonly origin: string | null;
  readonly size: number;
  readonly witnesses: string[];
  readonly witnessed: { size: number; time_s: number } | null;
  readonly violation_count: number;
  readonly violations: { index: number | null; kind: string; message: string }[];
  readonly counts: Record<string, unknown>;
  readonly policy: Record<string, unknown> | null;
  readonly former: Record<string, unknown> | null;
}

const driver = `
import io, json, sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import base64, verify
for line in sys.stdin:
    case = json.loads(line)
    files = [lambda text=text: io.BytesIO(base64.b64decode(text)) for text in [*case["formers"], case["file"]]]
    policy = verify.Policy(case["policy"].encode()) if "policy" in case else None
    print(json.dumps(verify.verify_line(files, case["keys"], case["checkpoints"], policy)[-1].verdict()))
`;

const encoded = (file: string | Uint8Array): string => Buffer.from(file).toString('base64');

export function verifyInPython(cases: readonly ExportCase[]): PythonVerdict[] {
  const input = cases
    .map(({ file, keys, checkpoints = [], formers = [], policy }) =>
      JSON.stringify({ file: encoded(file), keys, checkpoints, policy, formers: formers.map(encoded) }),
    )
    .join('\n');
  const out = execFileSync('python3', ['-c', driver, folder], { input, maxBuffer: 1 << 28 }).toString();
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as PythonVerdict);
}

/** Runs lines of Python that know the script as `verify`; answers with what they print. */
export const inPython = (code: string, input: unknown): unknown =>
  JSON.parse(
    execFileSync(
      'python3',
      ['-c', `import json, sys\nsys.path.insert(0, sys.argv[1])\nimport verify\n${code}`, folder],
      {
        input: JSON.stringify(input),
        env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
      },
    ).toString(),
  );

export interface PythonChainVerdict {
  readonly sound: boolean;
  readonly size: number | null;
  readonly covered: number | null;
  readonly covered_ms: number | null;
  readonly opened: number;
  readonly unopened: number;
  readonly witnesses: readonly string[];
  readonly violations: readonly { number: number | null; kind: string }[];
}

export interface ChainCase {
  readonly text: string;
  readonly keys: readonly string[];
  /** Other than the format's. */
  readonly span?: number;
}

/** Households' own files, in one process; null for what is refused as no such file, or for its keys. */
export const verifyChainsInPython = (cases: readonly ChainCase[]): (PythonChainVerdict | null)[] =>
  inPython(
    `
verdicts = []
for case in json.load(sys.stdin):
    try:
        span = {"span": case["span"]} if "span" in case else {}
        verdicts.append(verify.HouseholdFile(case["text"], case["keys"], **span).verdict())
    except (verify.FormatError, verify.NoteError):
        verdicts.append(None)
print(json.dumps(verdicts))`,
    cases,
  ) as (PythonChainVerdict | null)[];

/** The same, as from a shell. */
export const runPythonChain = (text: string | Uint8Array, ...args: string[]) =>
  ranWith(text, (path) => ['--chain', path, ...args]);

/** As from a shell. */
export const runPython = (file: string | Uint8Array, ...args: string[]) =>
  ranWith(file, (path) => [path, ...args]);

function ranWith(file: string | Uint8Array, argsOf: (path: string) => string[]) {
  const dir = mkdtempSync(join(tmpdir(), 'verify-'));
  try {
    writeFileSync(join(dir, 'export'), file);
    const ran = spawnSync('python3', ['-B', script, ...argsOf(join(dir, 'export'))], { encoding: 'utf8' });
    return { code: ran.status, out: ran.stdout, err: ran.stderr };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The files of a line of logs, the oldest first, as from a shell. */
export function runPythonLine(files: readonly string[], ...args: string[]) {
  const formers = files.slice(0, -1).flatMap((file) => ['--former', file]);
  const ran = spawnSync('python3', ['-B', script, files.at(-1) as string, ...formers, ...args], {
    encoding: 'utf8',
  });
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}
