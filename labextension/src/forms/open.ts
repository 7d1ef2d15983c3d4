import type { Arguments } from '../api/client';
import type { Host } from '../host';
import type { Wanted } from './forms';

/** The id of the sidebar in the shell. */
export const SIDEBAR = 'nbmlops-sidebar';

/** Shows the form of a verb in the sidebar, with these arguments filled in; sending it starts a job. */
export function openForm(host: Host, verb: string, args: Arguments = {}, more: Partial<Wanted> = {}): void {
  host.forms.open({
    verb,
    args,
    folder: host.place.folder,
    kernel: null,
    parameters: [],
    ...more
  });
  host.app.shell.activateById(SIDEBAR);
}
