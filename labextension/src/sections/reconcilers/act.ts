import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { ReconcilerView } from '../../api/types';
import type { Host } from '../../host';

/** What is needed is done: it may take as long as the pipeline does. */
export function tick(host: Host, view: ReconcilerView, folder: string): void {
  void host.jobs.start('reconcile', folder, { names: [view.name] });
}

/** Merging is deploying: it is asked for once more. */
export async function approve(host: Host, view: ReconcilerView, folder: string): Promise<void> {
  const { trans } = host;
  const { value, before } = view.proposal!;
  const { button } = await showDialog({
    title: trans.__('Let version %1 of %2 be merged?', value, view.model),
    body: trans.__(
      'It takes the place of %1 in git, and what is deployed by git follows.',
      before || trans.__('nothing')
    ),
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Approve') })]
  });
  if (button.accept) {
    void host.jobs.start('approve', folder, { name: view.name });
  }
}

export async function reject(host: Host, view: ReconcilerView, folder: string): Promise<void> {
  const { trans } = host;
  const { button } = await showDialog({
    title: trans.__('Reject version %1 of %2?', view.proposal!.value, view.model),
    body: trans.__('Its branch is taken away, and it is never proposed again.'),
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Reject') })]
  });
  if (button.accept) {
    void host.jobs.start('reject', folder, { name: view.name });
  }
}

export function suspend(host: Host, view: ReconcilerView, folder: string): void {
  void host.jobs.start('suspend', folder, { name: view.name, off: view.is_suspended || Boolean(view.pinned) });
}
