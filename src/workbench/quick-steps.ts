/** Quick inputs in a row, with a way back: each step answers a value, `back`, or nothing when the user leaves. */
import * as vscode from 'vscode';
import { Dismissed } from './messages';

export const back = Symbol('back');

interface StepFrame {
  title: string;
  /** A back button is shown. */
  canGoBack?: boolean;
}

export interface InputStep extends StepFrame {
  prompt: string;
  value?: string;
  placeholder?: string;
  password?: boolean;
  validate?(value: string): string | undefined;
}

export interface Choice<T> extends vscode.QuickPickItem {
  value: T;
}

interface PickStep<T> extends StepFrame {
  placeholder: string;
  choices: Choice<T>[];
  active?: T;
}

/** @throws Dismissed when the user leaves. */
export function askText(step: InputStep): Promise<string | typeof back> {
  return new Promise((resolve, reject) => {
    const input = vscode.window.createInputBox();
    frame(input, step);
    input.prompt = step.prompt;
    input.value = step.value ?? '';
    input.placeholder = step.placeholder ?? '';
    input.password = step.password ?? false;
    let answered = false;
    const finish = (answer: string | typeof back) => {
      answered = true;
      resolve(answer);
      input.dispose();
    };
    input.onDidTriggerButton(() => finish(back));
    input.onDidChangeValue(() => {
      input.validationMessage = undefined;
    });
    input.onDidAccept(() => {
      const problem = step.validate?.(input.value);
      if (problem) input.validationMessage = problem;
      else finish(input.value);
    });
    input.onDidHide(() => {
      if (!answered) reject(new Dismissed());
      input.dispose();
    });
    input.show();
  });
}

/** @throws Dismissed when the user leaves. */
export function askChoice<T>(step: PickStep<T>): Promise<T | typeof back> {
  return new Promise((resolve, reject) => {
    const pick = vscode.window.createQuickPick<Choice<T>>();
    frame(pick, step);
    pick.placeholder = step.placeholder;
    pick.items = step.choices;
    pick.matchOnDescription = true;
    const active = step.choices.find(choice => choice.value === step.active);
    if (active) pick.activeItems = [active];
    let answered = false;
    const finish = (answer: T | typeof back) => {
      answered = true;
      resolve(answer);
      pick.dispose();
    };
    pick.onDidTriggerButton(() => finish(back));
    pick.onDidAccept(() => {
      const [chosen] = pick.selectedItems;
      if (chosen) finish(chosen.value);
    });
    pick.onDidHide(() => {
      if (!answered) reject(new Dismissed());
      pick.dispose();
    });
    pick.show();
  });
}

function frame(input: vscode.QuickInput & { buttons: readonly vscode.QuickInputButton[] }, step: StepFrame): void {
  input.title = step.title;
  // Answers typed at 3 a.m. must survive a look into another window.
  input.ignoreFocusOut = true;
  input.buttons = step.canGoBack ? [vscode.QuickInputButtons.Back] : [];
}

/** One question: takes the answers so far, returns them with its own and what to ask next, or `back`. */
export type Step<A> = (
  answers: A,
  canGoBack: boolean,
) => Promise<{ answers: A; next?: Step<A> | undefined } | typeof back>;

/** Runs steps until one names no next. Going back keeps what was answered, as the proposal of the step it was answered in. */
export async function runSteps<A>(start: A, first: Step<A>): Promise<A> {
  const history = [{ answers: start, step: first }];
  for (;;) {
    const here = history.at(-1)!;
    const result = await here.step(here.answers, history.length > 1);
    if (result !== back) {
      if (!result.next) return result.answers;
      history.push({ answers: result.answers, step: result.next });
    } else if (history.length === 1) throw new Dismissed();
    else {
      history.pop();
      history.at(-1)!.answers = here.answers;
    }
  }
}
