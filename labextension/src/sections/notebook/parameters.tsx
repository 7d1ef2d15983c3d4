import * as React from 'react';
import type { Parameter } from '../../api/types';
import { SettingRow } from '../../forms/sheet';
import { useHost } from '../../host';
import { settingsOf } from '../../model/settings';
import { showCell } from './show';
import { writeParameter } from '../../notebook/write';
import { Action } from '../../parts/button';

/** What a run of the pipeline may set. A new value is written into the notebook's own cell. */
export function Parameters(props: { parameters: readonly Parameter[] }): React.ReactElement | null {
  const { place, trans } = useHost();
  const [typed, setTyped] = React.useState<Record<string, string>>({});
  const [problem, setProblem] = React.useState('');
  if (!props.parameters.length) {
    return null;
  }
  const settings = settingsOf(props.parameters);
  const changed = settings.filter(each => typed[each.name] !== undefined && typed[each.name] !== each.value);
  const write = (): void => {
    for (const setting of changed) {
      const parameter = props.parameters.find(each => each.name === setting.name)!;
      const wasWritten =
        place.panel !== null &&
        parameter.cell !== null &&
        writeParameter(place.panel, parameter.cell, parameter, typed[setting.name]);
      if (!wasWritten) {
        setProblem(trans.__('The line that sets %1 could not be found: change it in the notebook.', setting.name));
        if (place.panel && parameter.cell !== null) {
          showCell(place.panel, parameter.cell);
        }
        return;
      }
    }
    setProblem('');
    setTyped({});
  };
  return (
    <section aria-labelledby="nbmlops-parameters-title">
      <h3 id="nbmlops-parameters-title" className="nbmlops-Heading">
        {trans.__('Parameters')}
      </h3>
      <form
        className="nbmlops-Parameters"
        onSubmit={event => {
          event.preventDefault();
          write();
        }}
      >
        {settings.map(setting => (
          <SettingRow
            key={setting.name}
            setting={setting}
            value={typed[setting.name] ?? setting.value}
            onChange={value => setTyped({ ...typed, [setting.name]: value })}
          />
        ))}
        {changed.length > 0 && (
          <div className="nbmlops-Actions">
            <button type="submit" className="nbmlops-Action nbmlops-mod-primary">
              {trans.__('Write into the notebook')}
            </button>
            <Action label={trans.__('Put back')} onClick={() => setTyped({})} />
          </div>
        )}
        {problem && (
          <p role="alert" className="nbmlops-Field-problem">
            {problem}
          </p>
        )}
      </form>
    </section>
  );
}
