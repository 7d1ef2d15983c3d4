import * as React from 'react';
import type { DeploymentView, RevisionView } from '../../api/types';
import { useHost } from '../../host';
import { asPercent } from '../../model/deployments';
import { Action } from '../../parts/button';
import { isAgreed } from './act';

/**
 * What share of the requests a canary answers. The slider applies when the pointer lets it go; with keys, which move it
 * step by step, when Enter is pressed, so that no request is sent elsewhere on the way.
 */
export function Share(props: {
  view: DeploymentView;
  revision: RevisionView;
  stable: RevisionView | undefined;
  folder: string;
}): React.ReactElement {
  const { view, revision, stable, folder } = props;
  const host = useHost();
  const { jobs, trans } = host;
  const { number, percent } = revision;
  const [draft, setDraft] = React.useState<string | null>(null);
  const [isBusy, setBusy] = React.useState(false);
  const slider = React.useRef<HTMLInputElement>(null);
  // Meanwhile nothing comes or goes beside the slider: it would move away under the pointer.
  const [isHeld, hold] = React.useState(false);
  const text = draft ?? String(percent);
  const wanted = asPercent(text);
  // What was asked for is so, or somebody else has changed it.
  React.useEffect(() => setDraft(null), [percent]);
  const apply = async (share: number | null): Promise<void> => {
    if (share === null || isBusy) {
      return;
    }
    if (share === percent || (share === 100 && !(await isAgreed(host, number, stable?.number)))) {
      setDraft(null);
      return;
    }
    setBusy(true);
    try {
      await jobs.run('deploy', folder, { name: view.name, canary: share });
    } catch {
      setDraft(null); // the job's own line says why
    } finally {
      setBusy(false);
    }
  };
  const release = React.useRef<(value: string) => void>(() => undefined);
  release.current = value => {
    if (isHeld) {
      hold(false);
      void apply(asPercent(value));
    }
  };
  React.useEffect(() => {
    // React's own `change` is what the browser calls `input`: it comes all along the way.
    const listen = (event: Event): void => release.current((event.target as HTMLInputElement).value);
    const element = slider.current;
    element?.addEventListener('change', listen);
    return () => element?.removeEventListener('change', listen);
  }, []);
  const change = (value: string): void => {
    if (!isBusy) {
      setDraft(value);
    }
  };
  const help = `nbmlops-share-${view.name}`;
  return (
    <form
      className="nbmlops-Share"
      aria-label={trans.__('Share of revision %1', number)}
      aria-busy={isBusy}
      noValidate
      onSubmit={event => {
        event.preventDefault();
        void apply(wanted);
      }}
      onKeyDown={event => {
        hold(false);
        if (event.key === 'Escape') {
          setDraft(null);
        }
      }}
    >
      <span>{revision.role === 'canary' ? trans.__('Canary') : trans.__('Shadow')}</span>
      <input
        ref={slider}
        type="range"
        min={0}
        max={100}
        step={1}
        aria-label={trans.__('Percent of the requests for revision %1', number)}
        aria-describedby={help}
        aria-valuetext={trans.__('%1 percent', wanted ?? percent)}
        value={wanted ?? percent}
        onPointerDown={() => hold(true)}
        onKeyDown={event => {
          if (event.key === 'Enter') {
            event.preventDefault();
            void apply(wanted);
          }
        }}
        onChange={event => change(event.target.value)}
      />
      <input
        type="number"
        min={0}
        max={100}
        step={1}
        aria-label={trans.__('Percent for revision %1, as a number', number)}
        aria-describedby={help}
        aria-invalid={wanted === null || undefined}
        value={text}
        onPointerDown={() => hold(false)}
        onChange={event => change(event.target.value)}
      />
      <span>%</span>
      {draft !== null && !isHeld && !isBusy && wanted !== percent && (
        <Action
          label={trans.__('Apply')}
          isPrimary
          isDisabled={wanted === null}
          title={trans.__('Enter does it too')}
          onClick={() => void apply(wanted)}
        />
      )}
      <small id={help} className="nbmlops-mod-unseen">
        {trans.__('Enter applies it. 100: all requests, for good.')}
      </small>
    </form>
  );
}
