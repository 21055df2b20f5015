// The rows of schema policy, as migrations/0009-policy.ts 0043-policy-schedule.ts and 0059-policy-by-two.ts make them.

export interface PolicyTables {
  'policy.published': {
    log_id: number;
    /** From 1, in the order of publication. */
    place: number;
    digest: string;
    text: string;
    published_at: Date;
    effective_at: Date;
    /** Whether it may allow what the set before it refused. */
    weakens: boolean;
    /** By what two operators decided it; null for the set that a log begins with, and outside production. */
    proposal_id: string | null;
  };
}
