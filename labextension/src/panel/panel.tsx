import { refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { FormSheet } from '../forms/sheet';
import { useHost } from '../host';
import { Action } from '../parts/button';
import { ShownContext, useRemembered, useSignal } from '../parts/hooks';
import { SECTIONS, type Section } from '../sections';
import { HandshakeNote } from './handshake';
import { JobsStrip } from './jobs';

/** The sidebar: a tab for each section whose verbs the server has, and what is being worked on below. */
export function Panel(): React.ReactElement {
  const { server, live, place, forms, trans } = useHost();
  const isShown = React.useContext(ShownContext);
  useSignal(server.changed);
  useSignal(place.changed);
  useSignal(forms.changed);
  React.useEffect(() => {
    if (!isShown || server.handshake !== 'ready') {
      return;
    }
    const watching = live.watch();
    return () => watching.dispose();
  }, [isShown, live, server, server.handshake]);
  const [chosen, choose] = useRemembered('section', 'notebook');
  if (server.handshake !== 'ready') {
    return <HandshakeNote />;
  }
  const form = forms.wanted;
  const verb = form ? server.verb(form.verb) : undefined;
  const sections = SECTIONS.filter(section => server.has(...section.verbs));
  const section = sections.find(each => each.id === chosen) ?? sections[0];
  return (
    <div className="nbmlops-Panel" data-lm-suppress-shortcuts="true">
      <div className="nbmlops-Panel-head">
        <Tabs
          sections={sections}
          chosen={section}
          onChoose={id => {
            forms.close();
            choose(id);
          }}
        />
        <Action icon={refreshIcon} label={trans.__('Look again')} onClick={() => live.lookAgain()} />
      </div>
      <div
        className="nbmlops-Panel-body"
        role="tabpanel"
        id={`nbmlops-panel-${section.id}`}
        aria-labelledby={`nbmlops-tab-${section.id}`}
      >
        {form && verb ? <FormSheet key={form.verb} wanted={form} verb={verb} /> : <section.part key={section.id} />}
      </div>
      <JobsStrip />
    </div>
  );
}

/** The arrow keys go from tab to tab, as in any tab list. */
function Tabs(props: { sections: Section[]; chosen: Section; onChoose: (id: string) => void }): React.ReactElement {
  const { trans } = useHost();
  const list = React.useRef<HTMLDivElement>(null);
  const go = (event: React.KeyboardEvent): void => {
    const at = props.sections.indexOf(props.chosen);
    const last = props.sections.length - 1;
    const next = {
      ArrowRight: at < last ? at + 1 : 0,
      ArrowLeft: at > 0 ? at - 1 : last,
      Home: 0,
      End: last
    }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      props.onChoose(props.sections[next].id);
      (list.current?.children[next] as HTMLElement | undefined)?.focus();
    }
  };
  return (
    <div className="nbmlops-Tabs" role="tablist" aria-label={trans.__('nbmlops sections')} ref={list} onKeyDown={go}>
      {props.sections.map(section => (
        <button
          key={section.id}
          type="button"
          role="tab"
          id={`nbmlops-tab-${section.id}`}
          aria-selected={section === props.chosen}
          aria-controls={section === props.chosen ? `nbmlops-panel-${section.id}` : undefined}
          tabIndex={section === props.chosen ? 0 : -1}
          onClick={() => props.onChoose(section.id)}
        >
          {section.label(trans)}
        </button>
      ))}
    </div>
  );
}
