import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import type { Arguments } from './api/client';
import type { Field } from './api/types';

/** None where the extension is not loaded, else whether it tracks. */
const IS_ON =
  '(lambda m: None if m is None or m.session() is None else m.session().is_on)' +
  "(__import__('sys').modules.get('nbmlops.doors.magics.extension'))";

/** What the kernel of the notebook is to us: without our extension, or tracked, or loaded and switched off. */
export type KernelState = 'none' | 'other-language' | 'busy' | 'without' | 'on' | 'off';

export async function kernelState(panel: NotebookPanel): Promise<KernelState> {
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel) {
    return 'none';
  }
  const language = (await kernel.info).language_info.name;
  if (language !== 'python') {
    return 'other-language';
  }
  if (kernel.status === 'busy') {
    return 'busy';
  }
  const found = await evaluate(kernel, IS_ON);
  return found === 'True' ? 'on' : found === 'False' ? 'off' : 'without';
}

/** One line in the kernel, as if typed, but without a place in its history. Throws what it prints where it fails. */
export async function execute(panel: NotebookPanel, code: string): Promise<string> {
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel) {
    throw new Error('The notebook has no kernel.');
  }
  const future = kernel.requestExecute({
    code,
    silent: false,
    store_history: false,
    stop_on_error: false
  });
  let printed = '';
  future.onIOPub = message => {
    const content = message.content as Record<string, unknown>;
    if (message.header.msg_type === 'stream') {
      printed += String(content['text']);
    } else if (message.header.msg_type === 'execute_result' || message.header.msg_type === 'display_data') {
      const data = (content['data'] ?? {}) as Record<string, unknown>;
      printed += String(data['text/plain'] ?? '');
    }
  };
  const reply = await future.done;
  if (reply.content.status !== 'ok') {
    const content = reply.content as { evalue?: string };
    throw new Error(content.evalue || printed || 'The kernel could not do that.');
  }
  return printed;
}

export function load(panel: NotebookPanel): Promise<string> {
  return execute(panel, '%load_ext nbmlops');
}

/** The line of a magic from named arguments, quoted as a shell would. */
export function magicLine(verb: string, fields: readonly Field[], args: Arguments): string {
  const words = ['%mlops', verb];
  const positional: string[] = [];
  for (const field of fields) {
    const value = args[field.name];
    if (value === undefined || value === '' || value === null || value === false) {
      continue;
    }
    const values = (Array.isArray(value) ? value : [value]).map(each => quoted(String(each)));
    if (field.positional) {
      positional.push(...values);
    } else if (field.type === 'flag') {
      words.push(field.flag);
    } else {
      for (const each of values) {
        words.push(field.flag, each);
      }
    }
  }
  return [...words, ...(positional.some(each => each.startsWith('-')) ? ['--'] : []), ...positional].join(' ');
}

/** `{` and `$` would be expanded by IPython: they are doubled, as its manual asks. */
function quoted(text: string): string {
  const plain = text.replaceAll('{', '{{').replaceAll('}', '}}').replaceAll('$', '$$');
  return /^[\w@%+=:,./-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", `'"'"'`)}'`;
}

async function evaluate(kernel: Kernel.IKernelConnection, expression: string): Promise<string> {
  const future = kernel.requestExecute({
    code: '',
    silent: true,
    store_history: false,
    user_expressions: { found: expression }
  });
  const reply = await future.done;
  const found = (
    reply.content as {
      user_expressions?: Record<string, { data?: Record<string, string> }>;
    }
  ).user_expressions?.['found'];
  return found?.data?.['text/plain'] ?? '';
}
