// A real browser for tests: the Chromium that the machine has, or a reason to skip that says what to install.
import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const found = places.find((path) => existsSync(path));

/** False where there is a browser: what `test(…, { skip })` takes. */
export const withoutChromium: string | false =
  found === undefined && 'SKIPPED: no Chromium on this machine (Debian: apt-get install chromium)';

/** Without a sandbox: tests also run as root and in containers, and open nothing but our own pages. */
export const openChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: found as string, args: ['--no-sandbox', '--disable-gpu'] });

/** WCAG 2.2 AA and axe's own best practices; each violation with the elements that have it. */
export async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
  );
}
