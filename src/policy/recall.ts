// Keeps the answers of a pure function, at most `limit` of them, the oldest forgotten first.
// Only for functions whose answer depends on nothing but the question.

/** `question` must have its keys in one order and its sets sorted: equal questions are told by their JSON. */
export function recalling<Question, Answer extends object>(
  answer: (question: Question) => Answer,
  limit: number,
): (question: Question) => Answer {
  if (limit <= 0) return answer;
  const known = new Map<string, Answer>();
  return (question) => {
    const key = JSON.stringify(question);
    const kept = known.get(key);
    if (kept) return kept;
    const fresh = answer(question);
    if (known.size >= limit) known.delete(known.keys().next().value ?? '');
    known.set(key, fresh);
    return fresh;
  };
}
