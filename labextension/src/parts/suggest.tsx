import * as React from 'react';

export interface SuggestProps {
  label: string;
  value: string;
  placeholder: string;
  suggestions: readonly string[];
  onChange: (value: string) => void;
  /** A suggestion was chosen. */
  onChoose: (suggestion: string) => void;
  /** Enter, where no suggestion is chosen. */
  onEnter: () => void;
  onEscape?: () => void;
  autoFocus?: boolean;
}

/** A line to type in that says how it may go on: the arrow keys go through the list, Enter or Tab takes one. */
export function Suggest(props: SuggestProps): React.ReactElement {
  const uid = React.useId();
  const [isOpen, setOpen] = React.useState(false);
  const [at, setAt] = React.useState(-1);
  const list = isOpen ? props.suggestions : [];
  const chosen = at < list.length ? at : -1;
  const take = (index: number): void => {
    props.onChoose(list[index]);
    setAt(-1);
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      setOpen(true);
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setAt((chosen + step + list.length + 1) % Math.max(1, list.length + 1));
    } else if ((event.key === 'Enter' || event.key === 'Tab') && chosen >= 0) {
      take(chosen);
    } else if (event.key === 'Enter') {
      setOpen(false);
      props.onEnter();
    } else if (event.key === 'Escape') {
      if (list.length) {
        setOpen(false);
      } else {
        props.onEscape?.();
      }
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="nbmlops-Suggest">
      <input
        type="text"
        role="combobox"
        aria-label={props.label}
        aria-expanded={list.length > 0}
        aria-controls={`${uid}-list`}
        aria-autocomplete="list"
        aria-activedescendant={chosen >= 0 ? `${uid}-${chosen}` : undefined}
        autoFocus={props.autoFocus}
        spellCheck={false}
        autoComplete="off"
        value={props.value}
        placeholder={props.placeholder}
        onChange={event => {
          props.onChange(event.target.value);
          setOpen(true);
          setAt(-1);
        }}
        onClick={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
      />
      <ul
        id={`${uid}-list`}
        role="listbox"
        aria-label={props.label}
        className="nbmlops-Suggest-list"
        hidden={!list.length}
      >
        {list.map((suggestion, index) => (
          <li
            key={suggestion}
            id={`${uid}-${index}`}
            role="option"
            aria-selected={index === chosen}
            onMouseDown={event => {
              event.preventDefault();
              take(index);
            }}
          >
            {suggestion}
          </li>
        ))}
      </ul>
    </div>
  );
}
