// The ledger as anyone may check it: tiles of hashes and proofs, without a token. No entry leaves here.
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Database } from '../db/database.ts';
import { expressPath } from '../http/route-contract.ts';
import { validate } from '../http/validate.ts';
import { type LogInForce, type LogName, lineOf } from '../ledger/log-in-force.ts';
import { proveConsistency, proveInclusion } from '../ledger/proofs.ts';
import { parseTilePath } from '../ledger/tile.ts';
import { type HashTile, readTile } from '../ledger/tiles.ts';
import { formatTlogProof } from '../ledger/tlog-proof.ts';
import { formatAddCheckpoint } from '../ledger/witness-request.ts';
import { encodeBase64 } from '../lib/base64.ts';
import { StabledoorError } from '../lib/errors.ts';
import {
  bundleOfEntries,
  bundleOfLog,
  checkpointOfLog,
  consistencyQuery,
  listLogs,
  proofQuery,
  proveEntry,
  proveGrowth,
  tileOfHashes,
  tileOfLog,
} from './ledger-contract.ts';
import { publishedCheckpoint, sendCheckpoint } from './published-checkpoint.ts';

export interface LedgerParts {
  readonly db: Database;
  readonly issuer: string;
  readonly log: LogInForce;
  /** Null where no witness policy is set. */
  readonly witnessing: object | null;
}

export function ledgerRoutes(parts: LedgerParts): Router {
  const { db, log, issuer } = parts;
  const router = Router();
  router.get(listLogs.path, (_req, res) => {
    const logs = lineOf(log).map(({ logId, origin }, i) => ({
      ...{ number: i + 1, origin, prefix: `${issuer}/ledger/logs/${i + 1}`, in_force: logId === log.logId },
    }));
    res.set('Cache-Control', 'public, max-age=60').json({ logs });
  });
  router.get(proveEntry.path, async (req, res) => {
    const { index, size, log: number } = validate(proofQuery, req.query);
    const { logId, origin } = logOf(log, number);
    const form = formOf(req);
    const proof = await proveInclusion(db, logId, index, size);
    if (form === 'text') return sendText(res, formatTlogProof({ ...proof, checkpoint: signed(proof) }));
    const { leaf, root, hashes, checkpoint } = proof;
    const encoded = { leaf: encodeBase64(leaf), root: encodeBase64(root), hashes: hashes.map(encodeBase64) };
    forAWhile(res).json({ origin, index, size: proof.size, ...encoded, checkpoint });
  });
  router.get(proveGrowth.path, async (req, res) => {
    const { from, to, log: number } = validate(consistencyQuery, req.query);
    const { logId, origin } = logOf(log, number);
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
  router.get([bundleOfEntries, bundleOfLog].map(expressPath), refuseEntries);
  router.get(expressPath(tileOfHashes), (req, res) =>
    sendTile(parts, res, log.logId, req.path.slice('/ledger/'.length)),
  );
  router.get(expressPath(tileOfLog), (req, res) => {
    const { logId } = logOf(log, numberOf(req));
    return sendTile(parts, res, logId, req.path.replace(/^\/ledger\/logs\/\d+\//, ''));
  });
  router.get(expressPath(checkpointOfLog), async (req, res) => {
    const { logId } = logOf(log, numberOf(req));
    sendCheckpoint(res, await publishedCheckpoint(parts, logId));
  });
  return router;
}

/** Without a number, the one that is written to. */
function logOf(log: LogInForce, number?: number): LogName {
  const named = number === undefined ? log : lineOf(log)[number - 1];
  if (named === undefined)
    throw new StabledoorError('not_found', 'There is no log of that number: /v1/ledger/logs lists them.');
  return named;
}

const numberOf = ({ params }: Request): number => {
  const text = String(params.log);
  return /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 0;
};

async function sendTile({ db }: LedgerParts, res: Response, logId: number, path: string): Promise<void> {
  const tile = parseTilePath(path);
  const bytes =
    tile === null || tile.level === 'entries' ? null : await readTile(db, logId, tile as HashTile);
  if (bytes === null) throw new StabledoorError('not_found', 'The ledger has no such tile, or not yet.');
  res
    .type('application/octet-stream')
    .set('Cache-Control', 'public, max-age=31536000, immutable')
    .send(Buffer.from(bytes));
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
