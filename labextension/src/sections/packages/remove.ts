import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { KeptPackage } from '../../api/types';
import type { Host } from '../../host';

/** Asks first; a package with several names may keep the others. */
export async function removePackage(host: Host, kept: KeptPackage, folder: string): Promise<void> {
  const { trans } = host;
  const others = kept.tags.slice(1);
  const { button, isChecked } = await showDialog({
    title: trans.__('Remove %1?', kept.reference),
    body: trans.__('It goes from this machine only: what was pushed stays where it is.'),
    checkbox: others.length
      ? { label: trans.__('Also its other names: %1', others.join(', ')), checked: true }
      : undefined,
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Remove') })]
  });
  if (button.accept) {
    await host.jobs.start('remove', folder, { package: kept.reference, all_tags: isChecked === true });
  }
}
