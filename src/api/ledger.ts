// The ledger as anyone may check it: tiles of hashes and proofs, without a token. No entry leaves here.
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Database } from '../db/database.ts';
import { expressPath } from '../http/route-contract.ts';
import { validate } from '../http/validate.ts';
import { proveConsistency, proveInclusion } from '../ledger/proofs.ts';
import { parseTilePath } from '../ledger/tile.ts';
import { type HashTile, readTile } from '../ledger/tiles.ts';
import { formatTlogProof } from '../ledger/tlog-proof.ts';
import { formatAddCheckpoint } from '../ledger/witness-request.ts';
import { encodeBase64 } from '../lib/base64.ts';
import { StabledoorError } from '../lib/errors.ts';
import {
  bundleOfEntries,
  consistencyQuery,
  proofQuery,
  proveEntry,
  proveGrowth,
  tileOfHashes,
} from './ledger-contract.ts';

export interface LedgerParts {
  readonly db: Database;
  readonly ledger: { readonly logId: number; readonly origin: string };
}

export function ledgerRoutes({ db, ledger }: LedgerParts): Router {
  const { logId, origin } = ledger;
  const router = Router();
  router.get(proveEntry.path, async (req, res) => {
    const { index, size } = validate(proofQuery, req.query);
    const form = formOf(req);
    const proof = await proveInclusion(db, logId, index, size);
    if (form === 'text') return sendText(res, formatTlogProof({ ...proof, checkpoint: signed(proof) }));
    const { leaf, root, hashes, checkpoint } = proof;
    const encoded = { leaf: encodeBase64(leaf), root: encodeBase64(root), hashes: hashes.map(encodeBase64) };
    forAWhile(res).json({ origin, index, size: proof.size, ...encoded, checkpoint });
  });
  router.get(proveGrowth.path, async (req, res) => {
    const { from, to } = validate(consistencyQuery, req.query);
    const form = formOf(req);
    const proof = await proveConsistency(db, logId, from, to);
    const { hashes, checkpoint } = proof;
    if (form === 'text')
      return sendText(res, formatAddCheckpoint({ oldSize: from, proof: hashes, note: signed(proof) }));
    const roots = { from_root: encodeBase64(proof.fromRoot), to_root: encodeBase64(proof.toRoot) };
    forAWhile(res).json({
      ...{ origin, from, to: proof.to, ...roots },
      hashes: hashes.map(encodeBase64),
      checkpoint,
    });
  });
  router.get(expressPath(bundleOfEntries), refuseEntries);
  router.get(expressPath(tileOfHashes), async (req, res) => {
    const tile = parseTilePath(req.path.slice('/ledger/'.length));
    const bytes =
      tile === null || tile.level === 'entries' ? null : await readTile(db, logId, tile as HashTile);
    if (bytes === null) throw new StabledoorError('not_found', 'The ledger has no such tile, or not yet.');
    res
      .type('application/octet-stream')
      .set('Cache-Control', 'public, max-age=31536000, immutable')
      .send(Buffer.from(bytes));
  });
  return router;
}

/** Entries are pseudonymous, which is personal in law: nobody reads them here before regulators have tokens. */
const refuseEntries: RequestHandler = (_req, _res, next) => next(new StabledoorError('regulators_only'));

function formOf(req: Request): 'text' | 'json' {
  const type = req.accepts(['text/plain', 'application/json']);
  if (type === false) throw new StabledoorError('not_acceptable', 'Ask for text/plain or application/json.');
  return type === 'text/plain' ? 'text' : 'json';
}

function signed({ checkpoint }: { checkpoint: string | null }): string {
  if (checkpoint === null) throw new StabledoorError('checkpoint_unknown');
  return checkpoint;
}

/** A proof stays true, but without a size it is of the newest tree. */
const forAWhile = (res: Response): Response => res.set('Cache-Control', 'public, max-age=2').vary('Accept');

function sendText(res: Response, text: string): void {
  forAWhile(res).type('text/plain; charset=utf-8').send(text);
}
