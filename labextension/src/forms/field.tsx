import * as React from 'react';
import type { Field } from '../api/types';
import { labelOf } from '../model/form';

export interface FieldRowProps {
  field: Field;
  value: string | boolean;
  problem: string;
  onChange: (value: string | boolean) => void;
}

/** One argument of a verb: its label, what it is good for, and what is wrong with it. */
export function FieldRow(props: FieldRowProps): React.ReactElement {
  const { field, value, problem, onChange } = props;
  const id = `nbmlops-field-${field.name}`;
  const shared = {
    id,
    'aria-describedby': `${id}-help`,
    'aria-invalid': problem ? true : undefined,
    required: field.required
  };
  if (field.type === 'flag') {
    return (
      <div className="nbmlops-Field nbmlops-mod-flag">
        <input
          {...shared}
          type="checkbox"
          checked={value === true}
          onChange={event => onChange(event.target.checked)}
        />
        <label htmlFor={id}>{labelOf(field.name)}</label>
        <small id={`${id}-help`}>{field.help}</small>
      </div>
    );
  }
  const text = typeof value === 'string' ? value : '';
  return (
    <div className="nbmlops-Field">
      <label htmlFor={id}>
        {labelOf(field.name)}
        {field.required ? ' *' : ''}
      </label>
      {field.type === 'choice' && !field.many ? (
        <select {...shared} value={text} onChange={event => onChange(event.target.value)}>
          {!field.choices.includes('') && !field.required && <option value="" />}
          {field.choices.map(choice => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      ) : field.many ? (
        <textarea
          {...shared}
          rows={2}
          value={text}
          placeholder={field.metavar}
          spellCheck={false}
          onChange={event => onChange(event.target.value)}
        />
      ) : (
        <input
          {...shared}
          type="text"
          inputMode={field.type === 'int' ? 'numeric' : field.type === 'float' ? 'decimal' : 'text'}
          value={text}
          placeholder={field.metavar}
          spellCheck={false}
          autoComplete="off"
          onChange={event => onChange(event.target.value)}
        />
      )}
      <small id={`${id}-help`}>{field.help}</small>
      {problem && (
        <span className="nbmlops-Field-problem" role="alert">
          {problem}
        </span>
      )}
    </div>
  );
}
