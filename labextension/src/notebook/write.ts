import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Parameter } from '../api/types';
import { pythonLiteral, withValue } from '../model/assignment';

/** Another default of a parameter, in the cell that sets it. False where that cannot be done safely. */
export function writeParameter(panel: NotebookPanel, cell: number, parameter: Parameter, text: string): boolean {
  const model = panel.content.model?.cells.get(cell);
  const literal = pythonLiteral(parameter.type, parameter.optional, text);
  if (!model || literal === null) {
    return false;
  }
  const source = withValue(model.sharedModel.getSource(), parameter.name, literal);
  if (source === null) {
    return false;
  }
  model.sharedModel.setSource(source);
  return true;
}
