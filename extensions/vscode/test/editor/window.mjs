// What a person does in VS Code's window, and what they see.
import path from 'node:path';
import { patience, until } from './editor.mjs';

export class Window {
  constructor(page, artifacts) {
    this.page = page;
    this.artifacts = artifacts;
    this.pictures = 0;
    page.setDefaultTimeout(patience);
  }

  async open(url) {
    await this.page.goto(url);
    await this.loaded();
  }

  async loaded() { await this.page.waitForSelector('.monaco-workbench .statusbar-item', { timeout: patience }); }

  async reload() {
    await this.page.reload();
    await this.loaded();
  }

  /** A picture for people who want to know what happened. */
  async picture(name) {
    const file = path.join(this.artifacts, `${String(++this.pictures).padStart(2, '0')}-${name.replace(/[^\w]+/g, '-').toLowerCase()}.png`);
    await this.page.screenshot({ path: file });
    return file;
  }

  /** Runs a command by its title, as from the palette. */
  async command(title) {
    await this.page.keyboard.press('F1');
    const input = this.page.locator('.quick-input-widget input[type=text]');
    await input.waitFor();
    await input.fill(`>${title}`);
    // Not Enter, which takes what VS Code thinks is meant.
    await this.choose(title);
  }

  /** Chooses an entry of the list that is open. */
  async choose(label) {
    const row = this.page.locator('.quick-input-list .monaco-list-row').filter({ has: this.page.locator('.label-name', { hasText: new RegExp(`^\\s*${RegExp.escape(label)}$`) }) }).first(); // an icon may come before it
    await row.click();
  }

  /** The text of our status-bar item, undefined while there is none. */
  async status() {
    const item = this.page.locator('[id^="tandem-dev.tandem"] .statusbar-item-label, [id^="tandem-dev.tandem"].statusbar-item a');
    return (await item.count()) > 0 ? (await item.first().innerText()).trim() : undefined;
  }

  /** Records every text that our status-bar item shows from now on. */
  async recordStatus() {
    await this.page.evaluate(() => {
      const seen = window.tandemSeen = [];
      const look = () => {
        const text = document.querySelector('[id^="tandem-dev.tandem"]')?.innerText.trim();
        if (text && seen.at(-1) !== text) seen.push(text);
      };
      look();
      new MutationObserver(look).observe(document.querySelector('.part.statusbar'), { subtree: true, childList: true, characterData: true, attributes: true });
    });
  }

  recordedStatus() { return this.page.evaluate(() => window.tandemSeen); }

  async waitStatus(pattern, limit) {
    return until(`the status bar shows ${pattern}`, async () => {
      const text = await this.status();
      if (!pattern.test(text ?? '')) throw new Error(`it shows ${JSON.stringify(text)}`);
      return text;
    }, limit);
  }

  /** Opens our side view. */
  async showView() {
    const icon = 'a[aria-label^="Tandem"]';
    const item = this.page.locator('.activitybar .action-item').filter({ has: this.page.locator(icon) });
    await item.waitFor();
    if ((await this.page.locator(`.activitybar .action-item.checked ${icon}`).count()) === 0) await item.click(); // the badge is over the icon
    await this.page.locator('.pane-header', { hasText: /Hybrid Sessions/i }).or(this.page.locator('.sidebar .title-label', { hasText: /Tandem/i })).first().waitFor();
  }

  /** A row of our tree, by what a screen reader says of it. */
  row(label) {
    return this.page.locator('.sidebar .monaco-list-row[role="treeitem"]').and(this.page.locator(`[aria-label*="${label}"]`)).first();
  }

  async waitRow(label) {
    await until(`the tree has a row ${label}`, async () => {
      if (await this.row(label).count()) return true;
      throw new Error(`its rows are ${JSON.stringify(await this.rows())}`);
    });
    return this.row(label);
  }

  /** Unfolds a row. A row that is drawn again under the mouse takes no click, so it is looked at afterwards. */
  async unfold(label) {
    await until(`the row ${label} is unfolded`, async () => {
      const row = await this.waitRow(label);
      if (await row.getAttribute('aria-expanded') === 'true') return true;
      await row.locator('.monaco-tl-twistie').click();
      await this.page.waitForTimeout(500);
      return false;
    });
  }

  rows() {
    return this.page.locator('.sidebar .monaco-list-row[role="treeitem"]').evaluateAll(all => all.map(r => r.getAttribute('aria-label')));
  }

  /** Clicks one of a row's inline buttons. */
  async rowAction(label, action) {
    const row = await this.waitRow(label);
    await row.hover();
    await row.locator(`.actions .action-label[aria-label^="${action}"]`).click();
  }

  clipboard() { return this.page.evaluate(() => navigator.clipboard.readText()); }

  /** What the debug console says to an expression. */
  async evaluate(expression) {
    await this.command('Debug Console: Focus on Debug Console View');
    await this.page.locator('.repl-input-wrapper .monaco-editor.focused').waitFor();
    const results = this.page.locator('.repl .evaluation-result');
    const before = await results.count();
    await this.page.keyboard.type(`${expression}\n`);
    return until(`the debug console answers ${expression}`, async () => (await results.count()) > before && (await results.last().innerText()).trim());
  }

  /** A notification in the notification centre, which stays open for press: what it says and its buttons. */
  async notification(pattern) {
    const items = this.page.locator('.notifications-center .notification-list-item');
    if (!await this.page.locator('.notifications-center.visible').count()) await this.command('Notifications: Show Notifications');
    return until(`there is a notification ${pattern}`, async () => {
      const all = await items.evaluateAll(nodes => nodes.map(n => ({
        message: n.querySelector('.notification-list-item-message')?.innerText.trim() ?? '',
        buttons: [...n.querySelectorAll('.monaco-button')].map(b => b.innerText.trim()).filter(Boolean),
      })));
      const found = all.find(n => pattern.test(n.message));
      if (!found) throw new Error(`there are ${JSON.stringify(all)}`);
      return found;
    });
  }

  /** Presses a button of the notification centre. */
  async press(label) {
    await this.page.locator('.notifications-center .monaco-button', { hasText: new RegExp(`^${RegExp.escape(label)}$`) }).first().click();
  }
}
