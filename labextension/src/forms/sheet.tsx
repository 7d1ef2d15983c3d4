import { Notification } from '@jupyterlab/apputils';
import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { asApiError, type ApiError } from '../api/errors';
import type { VerbName } from '../api/client';
import type { VerbEntry } from '../api/types';
import { useHost } from '../host';
import { execute, magicLine } from '../kernel';
import type { Setting } from '../model/settings';
import { filled, initialValues, labelOf, parted, type Values } from '../model/form';
import { Action } from '../parts/button';
import { ErrorNote } from '../parts/notes';
import { FieldRow } from './field';
import type { Wanted } from './forms';

/** Arguments that are shown at once although they have a default. */
const SHOWN: Record<string, string[]> = {
  snapshot: ['message'],
  export: ['output', 'no_verify'],
  run: ['name', 'force', 'dry_run'],
  sweep: ['space', 'trials', 'metric', 'direction', 'jobs'],
  restore: ['to', 'code', 'force', 'dry_run'],
  reproduce: ['new_data', 'new_code'],
  annotate: ['name', 'note', 'tag'],
  promote: ['model'],
  pack: ['tag'],
  pull: ['verify', 'key'],
  sign: ['key', 'new_key'],
  unpack: ['dir', 'filter'],
  verify: ['key', 'policy'],
  deploy: ['name', 'canary', 'shadow'],
  predict: ['data']
};

/** A form made from a verb's arguments. Sending it starts a job, or writes a magic line in the notebook's kernel. */
export function FormSheet(props: { wanted: Wanted; verb: VerbEntry }): React.ReactElement {
  const { wanted, verb } = props;
  const { jobs, forms, trans } = useHost();
  const fields = React.useMemo(
    () => verb.fields.filter(field => !(field.name === 'param' && wanted.parameters.length)),
    [verb, wanted]
  );
  const [values, setValues] = React.useState<Values>(() => initialValues(fields, wanted.args));
  const [settings, setSettings] = React.useState<Record<string, string>>({});
  const [wasSent, setSent] = React.useState(false);
  const [isSending, setSending] = React.useState(false);
  const [error, setError] = React.useState<ApiError | null>(null);
  const { args, problems } = filled(fields, values, {
    missing: trans.__('This is needed.'),
    notWhole: trans.__('This is not a whole number.'),
    notNumber: trans.__('This is not a number.')
  });
  const [first, more] = parted(fields, SHOWN[verb.name] ?? []);
  const hasMore = more.some(field => field.name in args);
  const form = React.useRef<HTMLFormElement>(null);
  React.useEffect(() => {
    form.current?.querySelector<HTMLElement>('input, select, textarea, button[type=submit]')?.focus();
  }, [verb]);

  const send = async (): Promise<void> => {
    setSent(true);
    if (Object.keys(problems).length) {
      return;
    }
    setSending(true);
    setError(null);
    const param = wanted.parameters
      .filter(each => settings[each.name] !== undefined && settings[each.name] !== each.value)
      .map(each => `${each.name}=${settings[each.name]}`);
    const all = param.length ? { ...args, param } : args;
    try {
      if (wanted.kernel) {
        const printed = await execute(wanted.kernel, magicLine(verb.name, verb.fields, all));
        Notification.success(printed.trim().split('\n')[0] || trans.__('%1: done', verb.name), { autoClose: 5000 });
      } else {
        await jobs.start(verb.name as VerbName, wanted.folder, all);
      }
      forms.close();
    } catch (problem) {
      setError(asApiError(problem));
    } finally {
      setSending(false);
    }
  };

  const row = (field: (typeof fields)[number]): React.ReactElement => (
    <FieldRow
      key={field.name}
      field={field}
      value={values[field.name]}
      problem={wasSent ? (problems[field.name] ?? '') : ''}
      onChange={value => setValues({ ...values, [field.name]: value })}
    />
  );
  return (
    <form
      ref={form}
      className="nbmlops-Sheet"
      aria-label={verb.summary}
      noValidate
      onSubmit={event => {
        event.preventDefault();
        void send();
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          forms.close();
        }
      }}
    >
      <div className="nbmlops-Sheet-head">
        <h2>{labelOf(verb.name)}</h2>
        <Action icon={closeIcon} label={trans.__('Close without doing anything')} onClick={() => forms.close()} />
      </div>
      <p className="nbmlops-mod-quiet">{verb.summary}</p>
      {first.map(row)}
      {wanted.parameters.length > 0 && (
        <Settings
          settings={wanted.parameters}
          values={settings}
          onChange={(name, value) => setSettings({ ...settings, [name]: value })}
        />
      )}
      {more.length > 0 && (
        <details open={hasMore || undefined}>
          <summary>{trans.__('More')}</summary>
          {more.map(row)}
        </details>
      )}
      {error && <ErrorNote error={error} />}
      <div className="nbmlops-Sheet-foot">
        <button type="submit" className="nbmlops-Action nbmlops-mod-primary" disabled={isSending}>
          {labelOf(verb.name)}
        </button>
        <Action label={trans.__('Cancel')} onClick={() => forms.close()} />
      </div>
    </form>
  );
}

function Settings(props: {
  settings: readonly Setting[];
  values: Record<string, string>;
  onChange: (name: string, value: string) => void;
}): React.ReactElement {
  const { trans } = useHost();
  return (
    <fieldset className="nbmlops-Settings">
      <legend>{trans.__('Parameters')}</legend>
      {props.settings.map(setting => (
        <SettingRow
          key={setting.name}
          setting={setting}
          value={props.values[setting.name] ?? setting.value}
          onChange={value => props.onChange(setting.name, value)}
        />
      ))}
    </fieldset>
  );
}

/** Name, value and type of one parameter; a changed one is marked, and can be put back. */
export function SettingRow(props: {
  setting: Setting;
  value: string;
  onChange: (value: string) => void;
}): React.ReactElement {
  const { setting, value } = props;
  const id = `nbmlops-parameter-${setting.name}`;
  const shared = {
    id,
    value,
    title: setting.help || undefined,
    'aria-describedby': `${id}-type`
  };
  return (
    <div className={`nbmlops-Setting${value === setting.value ? '' : ' nbmlops-mod-changed'}`}>
      <label htmlFor={id} title={setting.help || undefined}>
        {setting.name}
      </label>
      {setting.choices.length ? (
        <select {...shared} onChange={event => props.onChange(event.target.value)}>
          {setting.choices.map(choice => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : (
        <input
          {...shared}
          type="text"
          spellCheck={false}
          autoComplete="off"
          onChange={event => props.onChange(event.target.value)}
        />
      )}
      <small id={`${id}-type`}>{setting.type}</small>
    </div>
  );
}
