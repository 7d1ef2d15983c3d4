import { useHost } from '../../host';
import { column } from '../../model/columns';

/** What a column is called. */
export function useColumnLabels(): (id: string) => string {
  const { trans } = useHost();
  const labels: Record<string, string> = {
    status: trans.__('Status'),
    started: trans.__('Age'),
    seconds: trans.__('Took'),
    experiment: trans.__('Experiment'),
    notebook: trans.__('Notebook'),
    user: trans.__('User'),
    spark: trans.__('Course')
  };
  return id => labels[id] ?? column(id, true).name;
}
