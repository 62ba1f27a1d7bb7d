import { type ComponentProps, useEffect, useId, useState } from 'react';

interface CommittedInputProps extends Omit<ComponentProps<'input'>, 'value' | 'onChange'> {
  readonly value: string;
  onCommit(value: string): void;
}
/** Saved when it is left or Enter is pressed, so that half-typed values never are. Esc puts the old one back. */
export function CommittedInput({ value, onCommit, ...rest }: CommittedInputProps) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const commit = () => {
    if (text !== value) onCommit(text);
  };
  return (
    <input
      {...rest}
      value={text}
      spellCheck={false}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === 'Enter') commit();
        if (event.key === 'Escape' && text !== value) {
          event.preventDefault();
          setText(value);
        }
      }}
    />
  );
}

interface NumberFieldProps {
  readonly label: string;
  readonly unit: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
  onCommit(value: number): void;
}
export function NumberField({ label, unit, value, min, max, whole = false, onCommit }: NumberFieldProps) {
  const id = useId();
  const [wrong, setWrong] = useState(false);
  const commit = (text: string) => {
    const number = Number(text);
    const good = text.trim() !== '' && number >= min && number <= max && (!whole || Number.isInteger(number));
    setWrong(!good);
    if (good) onCommit(number);
  };
  return (
    <div className="setting">
      <label htmlFor={id}>{label}</label>
      <CommittedInput
        id={id}
        className="number"
        inputMode="decimal"
        aria-describedby={`${id}-unit`}
        aria-invalid={wrong}
        value={String(value)}
        onCommit={commit}
      />
      <span id={`${id}-unit`} className={wrong ? 'unit wrong' : 'unit'}>
        {wrong ? `${min} to ${max}` : unit}
      </span>
    </div>
  );
}
