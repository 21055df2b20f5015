// The rows of schema notify, as migrations/0013-notify.ts and 0051-mail.ts make them. Notices are written by a trigger alone.
import type { Generated } from 'kysely';

export interface NotifyTables {
  'notify.receiver': {
    client_id: string;
    delivery: 'push' | 'poll';
    endpoint: string | null;
    webhook_secret: Buffer | null;
    contact: string | null;
    changed_at: Date;
  };
  'notify.notice': {
    notice_id: number;
    jti: string;
    client_id: string;
    event: 'consent-over' | 'consent-narrowed' | 'access-suspended' | 'access-restored';
    subject: string;
    happened_at: Date;
    tries: number;
    due_at: Date;
    outcome: 'delivered' | 'refused' | 'mailed' | 'given-up' | null;
    settled_at: Date | null;
    fault: string | null;
  };
  'notify.mail': {
    mail_id: Generated<number>;
    message: Generated<string>;
    occupier_id: string;
    consent_id: string;
    kind: 'receipt' | 'reminder' | 'ending' | 'restored';
    number: number;
    tries: Generated<number>;
    due_at: Date;
    outcome: Generated<'sent' | 'dropped' | 'given-up' | null>;
    settled_at: Generated<Date | null>;
    fault: Generated<string | null>;
  };
}
