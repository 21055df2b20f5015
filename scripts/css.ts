// Compiles assets/site.scss to assets/site.css, which is committed so that running needs no compiler.
// `--check` compiles and compares, and ends with 1 where the two differ.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from 'sass';

const root = join(import.meta.dirname, '..');
const target = join(root, 'assets/site.css');

export function compileCss(): string {
  const { css } = compile(join(root, 'assets/site.scss'), {
    style: 'compressed',
    loadPaths: [join(root, 'node_modules')],
    quietDeps: true,
  });
  return `${css}\n`;
}

if (import.meta.main) {
  const css = compileCss();
  if (!process.argv.includes('--check')) {
    writeFileSync(target, css);
  } else if (readFileSync(target, 'utf8') !== css) {
    process.stderr.write(
      'assets/site.css is not what assets/site.scss compiles to: run `node scripts/css.ts`\n',
    );
    process.exitCode = 1;
  }
}
