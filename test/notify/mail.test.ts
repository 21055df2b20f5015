import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { outboxMailer, smtpMailer } from '../../src/notify/mail.ts';
import { openLogger } from '../../src/observe/logger.ts';

const logger = openLogger('silent');
const mail = { to: 'ann@example.org', subject: 'Your code', text: '1234 5678\n', reference: 'sign-in 1' };

/** Speaks just enough SMTP (RFC 5321) to take mails. */
async function smtpServer(): Promise<{ url: string; taken: string[]; server: Server }> {
  const taken: string[] = [];
  const server = createServer((socket) => {
    let data: string | null = null;
    socket.write('220 test ESMTP\r\n');
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\r\n').slice(0, -1)) {
        if (data !== null) {
          if (line !== '.') {
            data += `${line}\n`;
            continue;
          }
          taken.push(data);
          data = null;
          socket.write('250 taken\r\n');
        } else if (line.startsWith('DATA')) {
          data = '';
          socket.write('354 go on\r\n');
        } else socket.write(line.startsWith('QUIT') ? '221 bye\r\n' : '250 ok\r\n');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, taken, server };
}

test('a mail leaves in the background, to the one address it is for', async () => {
  const { url, taken, server } = await smtpServer();
  const mailer = smtpMailer({
    url: `${url}?ignoreTLS=true`,
    from: 'Stabledoor <no-reply@example.org>',
    logger,
  });
  mailer.send(mail);
  assert.equal(taken.length, 0);
  await mailer.close();
  server.close();
  assert.equal(taken.length, 1);
  assert.match(taken[0] ?? '', /^To: .*ann@example\.org/m);
  assert.match(taken[0] ?? '', /1234 5678/);
});

test('a mail server that is not there fails nobody who sends', async () => {
  const lines: string[] = [];
  const noisy = {
    ...logger,
    warn: (...args: unknown[]) => lines.push(JSON.stringify(args)),
    error: () => {},
  };
  const mailer = smtpMailer({ url: 'smtp://127.0.0.1:1', from: 'a@example.org', logger: noisy as never });
  for (let i = 0; i < 600; i++) mailer.send(mail);
  await mailer.close();
  assert.ok(lines.length > 0);
  assert.ok(lines.every((line) => !line.includes('ann@')));
});

test('the outbox of the demo keeps the latest hundred, the newest first', () => {
  const mailer = outboxMailer();
  for (let i = 0; i < 150; i++) mailer.send({ ...mail, reference: String(i) });
  assert.deepEqual([mailer.outbox?.length, mailer.outbox?.[0]?.reference], [100, '149']);
});
