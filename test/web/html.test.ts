import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Html, html } from '../../src/web/html.ts';

test('whatever stands in a value, no tag, no entity and no quote of it survives', () => {
  const decode: Record<string, string> = {
    '&amp;': '&',
    '&lt;': '<',
    '&gt;': '>',
    '&quot;': '"',
    '&#39;': "'",
  };
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const { text } = html`<p title="${value}">${value}</p>`;
      const inner = text.slice('<p title="'.length, -'</p>'.length);
      assert.equal(inner.split('">').length, 2);
      const [attribute = '', content = ''] = inner.split('">');
      assert.doesNotMatch(content, /[<>"']/);
      assert.equal(attribute, content);
      assert.equal(
        content.replace(/&(amp|lt|gt|quot|#39);/g, (entity) => decode[entity] ?? ''),
        value,
      );
    }),
  );
});

test('HTML within HTML stays as it is, lists are joined, nothing stands for nothing', () => {
  const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`);
  const { text } = html`<ul>${items}</ul>${null}${undefined}${false}${0}`;
  assert.equal(text, '<ul><li>a</li><li>&lt;b&gt;</li></ul>0');
});

test('an object that only looks like HTML is escaped or refused, never trusted', () => {
  const lookalike = { text: '<script>' } as unknown as string;
  assert.throws(() => html`${lookalike}`, TypeError);
  assert.ok(html`${new Html('<b>')}`.text === '<b>');
});
