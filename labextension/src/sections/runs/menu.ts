import { Menu } from '@lumino/widgets';
import type { RunView } from '../../api/types';
import type { Host } from '../../host';
import { COMMANDS, refOf } from './commands';

/** What can be done with these runs, as a menu at a place of the screen. */
export function openRunMenu(
  host: Host,
  folder: string,
  runs: readonly RunView[],
  isDeleted: boolean,
  x: number,
  y: number
): void {
  if (!runs.length) {
    return;
  }
  const args = { folder, runs: runs.map(refOf) } as never;
  const menu = new Menu({ commands: host.app.commands });
  menu.addClass('nbmlops-Menu');
  const add = (...commands: string[]): void => {
    const shown = commands.filter(command => host.app.commands.isVisible(command, args));
    if (shown.length && menu.items.length) {
      menu.addItem({ type: 'separator' });
    }
    for (const command of shown) {
      menu.addItem({ command, args });
    }
  };
  if (isDeleted) {
    add(COMMANDS.undelete);
  } else {
    add(COMMANDS.open, COMMANDS.executed, COMMANDS.compare);
    add(COMMANDS.copyUri, COMMANDS.copyId, COMMANDS.copyData, COMMANDS.copyCode);
    add(COMMANDS.rename, COMMANDS.tag, COMMANDS.note);
    add(COMMANDS.restoreData, COMMANDS.restoreCode, COMMANDS.reproduce, COMMANDS.promote);
    add(COMMANDS.delete);
  }
  // The menu is put away before its command works: freeing it must wait for that.
  menu.aboutToClose.connect(() => window.setTimeout(() => menu.dispose(), 1000));
  menu.open(x, y);
}
