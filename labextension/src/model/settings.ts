import type { Parameter } from '../api/types';

/** A parameter as a form sets it. */
export interface Setting {
  name: string;
  type: string;
  value: string;
  help: string;
  choices: readonly string[];
}

export function settingsOf(parameters: readonly Parameter[]): Setting[] {
  return parameters.map(parameter => ({
    name: parameter.name,
    type: typeOf(parameter),
    value: shownValue(parameter.default),
    help: helpOf(parameter),
    choices: parameter.type === 'bool' ? ['True', 'False'] : parameter.choices.map(shownValue)
  }));
}

/** As `-p NAME=VALUE` takes it: None, True, plain text, JSON for the rest. */
export function shownValue(value: unknown): string {
  if (value === null || value === undefined) {
    return 'None';
  }
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function typeOf(parameter: Parameter): string {
  return parameter.optional && parameter.type !== 'none' ? `${parameter.type} | None` : parameter.type;
}

function helpOf(parameter: Parameter): string {
  const parts = [parameter.help];
  if (parameter.minimum !== null && parameter.minimum !== undefined) {
    parts.push(`≥ ${shownValue(parameter.minimum)}`);
  }
  if (parameter.maximum !== null && parameter.maximum !== undefined) {
    parts.push(`≤ ${shownValue(parameter.maximum)}`);
  }
  if (parameter.tried.length) {
    parts.push(`tried: ${parameter.tried.map(shownValue).join(', ')}`);
  }
  return parts.filter(Boolean).join('; ');
}
