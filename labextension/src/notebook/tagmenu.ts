import { InputDialog } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import { Menu } from '@lumino/widgets';
import type { Host } from '../host';
import { roleOf, stepName, withRole, type Role } from '../model/tags';

export const TAG_COMMAND = 'nbmlops:tag-cell';

/** Writes the role of the active cell into its tags; a name is asked for where a step is to begin without one. */
export async function tagCell(host: Host, role: Role, name = ''): Promise<void> {
  const cell = host.notebooks?.activeCell;
  if (!cell) {
    return;
  }
  let step = name;
  if (role === 'step' && !step) {
    const { trans } = host;
    const answer = await InputDialog.getText({
      title: trans.__('A step begins at this cell'),
      label: trans.__('Name of the step'),
      text: roleOf(tagsOf(cell)).name,
      okLabel: trans.__('Begin')
    });
    step = stepName(answer.value ?? '');
    if (!answer.button.accept || !step) {
      return;
    }
  }
  const tags = withRole(tagsOf(cell), role, step);
  if (tags.length) {
    cell.model.setMetadata('tags', tags);
  } else {
    cell.model.deleteMetadata('tags');
  }
}

export function tagsOf(cell: Cell): string[] {
  const tags: unknown = cell.model.getMetadata('tags');
  return Array.isArray(tags) ? tags.map(String) : [];
}

/** The menu of the cell toolbar. */
export function openTagMenu(host: Host, at: { x: number; y: number }): void {
  const menu = new Menu({ commands: host.app.commands });
  for (const role of ['step', 'parameters', 'keep', 'skip', 'none'] as Role[]) {
    menu.addItem({ command: TAG_COMMAND, args: { role } });
  }
  menu.addItem({ type: 'separator' });
  menu.addItem({ command: 'nbmlops:why' });
  menu.aboutToClose.connect(() => requestAnimationFrame(() => menu.dispose()));
  menu.open(at.x, at.y);
}
