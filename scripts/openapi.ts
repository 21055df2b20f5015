// Writes openapi.yaml from the contracts of the routes; with --check it only says whether the file is as it should be.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contracts } from '../src/api/contracts.ts';
import { openApiYaml } from '../src/api/openapi.ts';

const file = join(import.meta.dirname, '../openapi.yaml');
const wanted = openApiYaml(contracts('sandbox'));

if (process.argv.includes('--check')) {
  const found = await readFile(file, 'utf8').catch(() => '');
  if (found !== wanted) {
    process.stderr.write(
      'openapi.yaml is not what the routes promise: run `npm run openapi` and commit it\n',
    );
    process.exit(1);
  }
  process.stdout.write('openapi.yaml is what the routes promise\n');
} else {
  await writeFile(file, wanted);
}
