// Opens pages in headless Chromium, at the widths of a desk and a phone, light and dark: those named in REPORTS (paths with
// commas between), else those that the tests of this module wrote into target/pages, one of every kind. Needs a Chromium:
// CHROMIUM names it, or it is found.
//
//   npm ci && npm test
//   REPORTS=/tmp/out/report.html npm test
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { chromium } from 'playwright-core';

const CHROMIUM = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(file => file && existsSync(file));
const PAGES = fileURLToPath(new URL('../../../target/pages', import.meta.url));
const REPORTS = process.env.REPORTS !== undefined ? process.env.REPORTS.split(',').map(file => resolve(file))
  : existsSync(PAGES) ? readdirSync(PAGES, { recursive: true }).filter(file => file.endsWith('.html')).sort().map(file => resolve(PAGES, file))
  : [];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const missing = REPORTS.filter(file => !existsSync(file));
const skip = CHROMIUM === undefined ? 'no Chromium: name one in CHROMIUM'
  : missing.length > 0 ? `no page at ${missing}`
  : false;

test('there are pages to open', { skip }, () => assert.notDeepEqual(REPORTS, [], 'mvn test -pl reports writes them'));

let browser;
before(async () => {
  if (!skip) {
    // Chromium refuses its sandbox to root, whom CI containers run as.
    const args = process.getuid() === 0 ? ['--no-sandbox'] : [];
    browser = await chromium.launch({ executablePath: CHROMIUM, args });
  }
});
after(() => browser?.close());

/** Opens a report; whatever it asks for besides itself, and whatever goes wrong in it, fails the test. */
async function open(file, options, use) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const wrong = [];
  page.on('request', request => {
    if (request.url().split('#')[0] !== pathToFileURL(file).href) {
      wrong.push(`request of ${request.url()}`);
    }
  });
  page.on('console', message => wrong.push(message.text()));
  page.on('pageerror', error => wrong.push(error.message));
  try {
    await page.goto(pathToFileURL(file).href);
    await use(page);
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
  }
}

for (const file of REPORTS) {
  for (const width of [1280, 390]) {
    for (const colorScheme of ['light', 'dark']) {
      test(`${file} is accessible and fits, ${width} ${colorScheme}`, { skip }, () =>
        // The page's policy would refuse axe, too.
        open(file, { viewport: { width, height: 900 }, colorScheme, bypassCSP: true }, async page => {
          assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, 'scrolls sideways');
          await page.evaluate(AXE);
          for (const opened of [false, true]) {
            // Some of each kind, since a thousand rows take axe minutes and hold nothing new.
            await page.evaluate(opened => [...document.querySelectorAll('details')].slice(0, 6)
              .forEach(details => { details.open = opened; }), opened);
            const { violations } = await page.evaluate(() => axe.run());
            assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`), []);
          }
        }));
    }
  }

  test(`${file} works with mouse and keyboard`, { skip }, () =>
    open(file, { viewport: { width: 1280, height: 900 } }, async page => {
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(() => document.activeElement.className), 'skip', 'the first stop skips the head');
      await page.keyboard.press('Enter');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'main');

      for (const link of await page.locator('nav a').all()) {
        await link.click();
        assert.ok(await page.locator(await link.getAttribute('href')).isVisible());
      }
      if (await page.locator('script').count() > 0) {
        await page.locator('.copy').first().click();
        await page.locator('.copy', { hasText: /Copied|Selected/ }).waitFor();
      }
      if (await page.locator('summary').count() > 0) {
        await page.locator('summary').first().focus();
        await page.keyboard.press('Enter');
        assert.ok(await page.locator('details').first().evaluate(details => details.open), 'Enter opens');
      }

      if (await page.locator('#matrix').count() > 0) {
        const architecture = page.locator('#matrix tbody th a').last();
        await architecture.click();
        const group = page.locator(await architecture.getAttribute('href'));
        assert.ok(await group.evaluate(details => details.open), 'a link into the checks opens them');

        const shown = () => page.locator('#checks tbody tr:not([hidden])').count();
        const all = await shown();
        const texts = await page.locator('#checks details').evaluateAll(groups => groups.flatMap(group =>
          [...group.querySelectorAll('tbody tr')].map(row => group.querySelector('summary').firstChild.textContent + ' ' + row.textContent)));
        const word = await page.locator('#checks tbody td').first().evaluate(cell => cell.textContent.trim().split(/\s+/)[0]);
        const holding = texts.filter(text => text.toLowerCase().includes(word.toLowerCase())).length;
        await page.locator('#filter-text').fill(word);
        const some = await shown();
        assert.equal(some, holding, `checks with ${word}, of ${all}`);
        assert.match(await page.locator('#filter-shown').textContent(), new RegExp(`^${some} checks?$`));
        await page.locator('#filter-text').fill('no such check');
        assert.equal(await shown(), 0);
        await page.locator('#filter-text').fill('');
        assert.equal(await shown(), all);
      }
    }));

  test(`${file} shows all of its tables to the keyboard on a phone`, { skip }, () =>
    open(file, { viewport: { width: 390, height: 900 } }, async page => {
      for (const region of await page.locator('.scroll:visible').all()) {
        const hidden = await region.evaluate(table => table.scrollWidth - table.clientWidth);
        await region.focus();
        await page.keyboard.press('ArrowRight');
        if (hidden > 0) {
          await page.waitForFunction(() => document.activeElement.scrollLeft > 0);
        }
      }
    }));

  test(`${file} is complete without its script, and prints`, { skip }, () =>
    open(file, { javaScriptEnabled: false, viewport: { width: 1280, height: 900 } }, async page => {
      assert.ok(await page.locator('h1').isVisible());
      assert.equal(await page.locator('.copy:visible, .filter:visible').count(), 0, 'what needs the script does not show');
      await page.emulateMedia({ media: 'print' });
      assert.equal(await page.locator('nav:visible').count(), 0);
      assert.ok((await page.pdf()).length > 10_000);
    }));
}
