#!/usr/bin/env node
// Starts the command line with the Node that `npm ci` brought, where the one that runs this is too old for it.
// Plain old JavaScript on purpose: it must run wherever npm does.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = join(dirname(fileURLToPath(import.meta.url)), '..');
const program = join(project, 'src', 'cli', 'main.ts');
const args = process.argv.slice(2);

// Verification makes millions of values that live for a moment: with room for them it takes a quarter less time.
const flags = args[0] === 'ledger' && args[1] === 'verify' ? ['--max-semi-space-size=64'] : [];
// A command is mostly the loading of its files: kept as compiled, they take a third less. In this folder alone: whoever may
// write here may write the program itself, and in a folder for everybody anybody might.
const compiled = process.env.NODE_COMPILE_CACHE ?? join(project, 'node_modules', '.cache', 'stabledoor');
const isNew = Number(process.versions.node.split('.')[0]) >= 24;

if (isNew && flags.length === 0) {
  nodeModule.enableCompileCache(compiled);
  const { main } = await import(program);
  await main(args);
} else {
  const shipped = join(project, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  const node = isNew ? process.execPath : shipped;
  if (!existsSync(node)) {
    process.stderr.write(
      `stabledoor: Node ${process.versions.node} is too old; run \`npm ci\` in ${project}, which brings Node 24\n`,
    );
    process.exit(1);
  }
  const child = spawn(node, [...process.execArgv, ...flags, program, ...args], {
    stdio: 'inherit',
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  });
  // A terminal sends its signals to both of us; the child ends in its own way, and we with it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`stabledoor: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
