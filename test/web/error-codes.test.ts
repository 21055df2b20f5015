import assert from 'node:assert/strict';
import { test } from 'node:test';
import express from 'express';
import request from 'supertest';
import { errorCatalogue } from '../../src/lib/error-catalogue.ts';
import { errorCodePages } from '../../src/web/developer/error-codes.ts';

const app = express().use(errorCodePages({ helpPhone: null }));

test('every error code has a page that says what to do', async () => {
  for (const [code, { status, title }] of Object.entries(errorCatalogue)) {
    const page = await request(app).get(`/errors/${code}`).expect(200);
    assert.ok(page.text.includes(code) && page.text.includes(String(status)), code);
    assert.ok(page.text.includes(title.replaceAll("'", '&#39;')), code);
  }
});

test('a code that does not exist has no page', async () => {
  for (const code of ['nothing', '__proto__', 'constructor', '%3Cscript%3E'])
    await request(app).get(`/errors/${code}`).expect(404);
});

test('all codes are listed', async () => {
  const page = await request(app).get('/errors').expect(200);
  for (const code of Object.keys(errorCatalogue)) assert.ok(page.text.includes(`/errors/${code}"`), code);
});
