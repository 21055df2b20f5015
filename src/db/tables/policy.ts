// The rows of schema policy, as migrations/0009-policy.ts and 0043-policy-schedule.ts make them.

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
  };
}
