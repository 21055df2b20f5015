// The limits on what a caller may send: size of a body, number of parameters, size of one.
// Every body is read through here; a body that nobody asked for is never read.
import express, { type RequestHandler } from 'express';
import { fitsJsonLimits } from '../lib/json-shape.ts';

const mostBodyBytes = 64 * 1024;
const mostParameters = 200;

/** `application/x-www-form-urlencoded`; a repeated parameter becomes an array, which a schema must expect. */
export const formBody = (): RequestHandler =>
  express.urlencoded({ extended: false, limit: mostBodyBytes, parameterLimit: mostParameters });

/** `application/json`: objects and arrays only. */
export const jsonBody = (): RequestHandler =>
  express.json({
    limit: mostBodyBytes,
    strict: true,
    type: ['application/json', 'application/*+json'],
    // Before it is parsed. `safeError` knows what is thrown here by its type.
    verify: (_req, _res, body) => {
      if (!fitsJsonLimits(body.toString('utf8')))
        throw Object.assign(new Error('too deep or too many values'), {
          type: 'json.too.large',
          status: 400,
        });
    },
  });
