// What the broker counts and times, in Prometheus form. No label holds an id, an address or anything a caller chose.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  readonly registry: Registry;
  /** By route pattern and status class. */
  readonly requestSeconds: Histogram<'route' | 'status'>;
  /** Calls refused before token and proof were verified: they leave no ledger entry. */
  readonly unverified: Counter<'code'>;
  readonly appendSeconds: Histogram;
  readonly appendFailures: Counter;
  readonly witnessLagSeconds: Gauge;
}

const quick = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2];

export function openMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    requestSeconds: new Histogram({
      name: 'stabledoor_http_request_seconds',
      help: 'Time from a request to its answer',
      labelNames: ['route', 'status'],
      buckets: quick,
      registers,
    }),
    unverified: new Counter({
      name: 'stabledoor_unverified_calls_total',
      help: 'Calls to the data API refused before token and proof were verified, by error code',
      labelNames: ['code'],
      registers,
    }),
    appendSeconds: new Histogram({
      name: 'stabledoor_ledger_append_seconds',
      help: 'Time from asking for an entry to its being durable',
      buckets: quick,
      registers,
    }),
    appendFailures: new Counter({
      name: 'stabledoor_ledger_append_failures_total',
      help: 'Entries asked for and not written',
      registers,
    }),
    witnessLagSeconds: new Gauge({
      name: 'stabledoor_ledger_witness_lag_seconds',
      help: 'How long the oldest entry that enough witnesses have not covered has waited',
      registers,
    }),
  };
}
