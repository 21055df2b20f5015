// What stands on every page, whatever it is about.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html } from '../../src/web/html.ts';
import { layout } from '../../src/web/layout.ts';

test('every page says that a court can order an access not to be shown yet, and that nothing costs anything', () => {
  for (const formToken of [null, 'token']) {
    const page = layout(
      { title: 'A page', body: html`<h1>A page</h1>` },
      { formToken, helpPhone: null },
    ).text;
    assert.ok(page.includes('A court can order us not to show an access yet.'));
    assert.ok(page.includes('No charge to you, ever. Nothing here can switch anything off.'));
  }
});
