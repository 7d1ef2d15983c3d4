import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { Arguments, VerbName } from '../../api/client';
import type { DeploymentView } from '../../api/types';
import type { Host } from '../../host';

/** Stopped, or without its router after the machine was off. */
export function start(host: Host, view: DeploymentView, folder: string): void {
  begin(host, 'deploy', folder, { name: view.name });
}

/** One click, and nothing asked: who goes back is in a hurry. */
export function goTo(host: Host, view: DeploymentView, number: number, folder: string): void {
  begin(host, 'rollback', folder, { name: view.name, to: number });
}

export function takeAway(host: Host, view: DeploymentView, folder: string): void {
  begin(host, 'rollback', folder, { name: view.name });
}

export async function stop(host: Host, view: DeploymentView, folder: string): Promise<void> {
  const { trans } = host;
  const { button } = await showDialog({
    title: trans.__('Stop %1?', view.name),
    body: trans.__('%1 answers nobody then. It is kept as it is, and can be started again.', view.address),
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Stop') })]
  });
  if (button.accept) {
    begin(host, 'undeploy', folder, { name: view.name });
  }
}

export async function forget(host: Host, view: DeploymentView, folder: string): Promise<void> {
  const { trans } = host;
  const { button } = await showDialog({
    title: trans.__('Forget %1?', view.name),
    body: trans.__('Its revisions, its logs and its token go. The packages stay.'),
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Forget') })]
  });
  if (button.accept) {
    begin(host, 'undeploy', folder, { name: view.name, purge: true });
  }
}

export function look(host: Host, view: DeploymentView, folder: string): void {
  begin(host, 'monitor', folder, { name: view.name });
}

/** Whether the canary is to answer everybody. */
export async function isAgreed(host: Host, canary: number, stable: number | undefined): Promise<boolean> {
  const { trans } = host;
  const { button } = await showDialog({
    title: trans.__('Let revision %1 answer all requests?', canary),
    body: stable ? trans.__('Revision %1 is kept, and can be rolled back to.', stable) : '',
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Let it answer') })]
  });
  return button.accept;
}

/** Why it fails is said in the job's own line. */
function begin(host: Host, verb: VerbName, folder: string, args: Arguments): void {
  void host.jobs.start(verb, folder, args);
}
