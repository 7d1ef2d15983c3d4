import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import * as React from 'react';
import { useHost } from '../../host';
import { execute, kernelState, load, type KernelState } from '../../kernel';
import { Action } from '../../parts/button';

/** Whether what the cells do is recorded, and the switch for it. */
export function Tracking(props: { panel: NotebookPanel }): React.ReactElement {
  const { panel } = props;
  const { live, trans } = useHost();
  const [state, setState] = React.useState<KernelState>('none');
  const [problem, setProblem] = React.useState('');
  const hasWorked = React.useRef(false);
  const look = React.useCallback(async () => {
    hasWorked.current = false;
    const found = await kernelState(panel);
    hasWorked.current ||= found === 'busy';
    setState(before => (found === 'busy' && before !== 'none' ? before : found));
  }, [panel]);
  React.useEffect(() => {
    const context = panel.sessionContext;
    // Looking makes the kernel busy and idle too, but tells no code: only after somebody's code is it looked again.
    const hear = (_: unknown, message: KernelMessage.IMessage): void => {
      hasWorked.current ||= message.header.msg_type === 'execute_input';
    };
    const listen = (): void => {
      const status = context.session?.kernel?.status;
      if (status === undefined || status === 'dead' || (status === 'idle' && hasWorked.current)) {
        void look();
      }
    };
    const change = (): void => void look();
    const reconnect = (_: unknown, status: Kernel.ConnectionStatus): void => {
      if (status === 'connected') {
        void look(); // after a restart
      }
    };
    void look();
    context.iopubMessage.connect(hear);
    context.statusChanged.connect(listen);
    context.kernelChanged.connect(change);
    context.connectionStatusChanged.connect(reconnect);
    return () => {
      context.iopubMessage.disconnect(hear);
      context.statusChanged.disconnect(listen);
      context.kernelChanged.disconnect(change);
      context.connectionStatusChanged.disconnect(reconnect);
    };
  }, [panel, look]);
  const act = async (work: () => Promise<string>): Promise<void> => {
    setProblem('');
    try {
      await work();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    await look();
    live.lookAgain();
  };
  const texts: Partial<Record<KernelState, string>> = {
    none: trans.__('No kernel runs.'),
    'other-language': trans.__('The kernel is not Python: nothing is tracked.'),
    busy: trans.__('The kernel is busy.')
  };
  return (
    <div className="nbmlops-Tracking">
      <strong title={panel.context.path}>{panel.title.label}</strong>
      {state === 'without' ? (
        <Action label={trans.__('Track')} isPrimary onClick={() => void act(() => load(panel))} />
      ) : state === 'on' || state === 'off' ? (
        <button
          type="button"
          role="switch"
          className="nbmlops-Switch"
          aria-checked={state === 'on'}
          title={trans.__('Record what the cells read, compute and write')}
          onClick={() => void act(() => execute(panel, `%mlops track ${state === 'on' ? 'off' : 'on'}`))}
        >
          <i aria-hidden="true" />
          {state === 'on' ? trans.__('Tracked') : trans.__('Not tracked')}
        </button>
      ) : (
        <span className="nbmlops-mod-quiet">{texts[state]}</span>
      )}
      {problem && (
        <p role="alert" className="nbmlops-Field-problem">
          {problem}
        </p>
      )}
    </div>
  );
}
