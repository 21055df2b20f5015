// What the architecture rules take for code is code, and no text or comment is; imports are found in all their forms.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sourceFile } from './source-text.ts';

describe('code is told from text:', () => {
  const cases: [string, string, string][] = [
    ['a string', `a('x // y', "z");`, `a(' ', " ");`],
    ['a quote in a string', `a('it\\'s'); b`, `a(' '); b`],
    ['a comment with a quote', `a; // don't\nb;`, `a; \nb;`],
    ['a block comment', `a /* 'b */ c`, `a c`],
    ['a regular expression with a quote', `a.test(/['"]/); b`, `a.test(/ /); b`],
    ['a regular expression after an arrow', `() => /'/; b`, `() => / /; b`],
    ['a division', `a / b / c`, `a / b / c`],
    ['a template', 'a(`x y`);', 'a(` `);'],
    ['a template in a template', `a(\`x \${b(\`y \${c}\`)} z\`);`, `a(\` \${b(\` \${c}\`)} \`);`],
    ['an object in a template', `a(\`\${{ b: 1 }.b}x\`) + c`, `a(\`\${{ b: 1 }.b} \`) + c`],
    ['a dollar that opens nothing', 'a(`$ \\` $1`) + c', 'a(` `) + c'],
  ];
  for (const [name, text, code] of cases)
    test(name, () => {
      const blanked = sourceFile('src/lib/x.ts', text).code;
      assert.equal(blanked.length, text.length);
      assert.equal(blanked.replace(/ +/g, ' '), code);
    });
});

test('imports are found in all their forms, with the line they stand on', () => {
  const text = [
    `import a from 'a';`,
    `import {\n  b,\n  type B,\n} from "b";`,
    `import type { C } from 'c';`,
    `import * as d from 'd';`,
    `export * from 'e';`,
    `import 'f';`,
    `const g = await import('g');`,
    `const h = await import(\`h\`);`,
    `// import i from 'i';`,
    `const j = "import j from 'j'";`,
    `import.meta.dirname;`,
  ].join('\n');
  assert.deepEqual(
    sourceFile('src/lib/x.ts', text)
      .imports.map(({ specifier, values, line }) => [line, specifier, values.replace(/\s+/g, ' ')])
      .sort((one, other) => Number(one[0]) - Number(other[0])),
    [
      [1, 'a', 'a'],
      [2, 'b', '{ b, }'],
      [6, 'c', ''],
      [7, 'd', '* as d'],
      [8, 'e', '*'],
      [9, 'f', '*'],
      [10, 'g', '*'],
      [11, 'h', '*'],
    ],
  );
});
