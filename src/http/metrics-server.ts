// /metrics on a port of its own, so that it is never on the public address; and the middleware that feeds it.
import { createServer, type Server } from 'node:http';
import type { RequestHandler } from 'express';
import type { Metrics } from '../observe/metrics.ts';

/** Times every answer under the pattern of its route, never under the address that was asked for. */
export const timeRequests =
  ({ requestSeconds }: Metrics): RequestHandler =>
  (req, res, next) => {
    const end = requestSeconds.startTimer();
    res.once('close', () => {
      const route = typeof req.route?.path === 'string' ? req.route.path : 'none';
      end({ route, status: `${Math.floor(res.statusCode / 100)}xx` });
    });
    next();
  };

/** Errors: the port cannot be had. */
export function serveMetrics({ registry }: Metrics, port: number, host: string): Promise<Server> {
  const server = createServer(async (req, res) => {
    if (req.method !== 'GET' || req.url !== '/metrics') return void res.writeHead(404).end();
    res.writeHead(200, { 'content-type': registry.contentType }).end(await registry.metrics());
  });
  server.requestTimeout = 5000;
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, host, () => done(server));
  });
}
