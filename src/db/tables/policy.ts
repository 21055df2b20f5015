// The rows of schema policy, as migrations/0009-policy.ts makes them.

export interface PolicyTables {
  'policy.published': { log_id: number; digest: string; text: string; effective_at: Date };
}
