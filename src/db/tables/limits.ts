// The rows of schema limits, as migrations/0014-limits.ts makes them.

export interface LimitsTables {
  'limits.allowance': {
    policy: string;
    caller: Buffer;
    window_number: number;
    leased: number;
    ends_at: Date;
  };
}
