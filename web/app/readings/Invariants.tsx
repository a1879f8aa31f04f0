/** A static page of the demo course: plain HTML that nobody edits here, with notes beside it. */

export const Invariants = () => (
  <article className="cw-prose">
    <h2>Loop invariants</h2>
    <p>
      A loop invariant is a statement about the variables of a program that holds each time the loop is about
      to begin another turn. It says what has been achieved so far, in a form that stays true while the loop
      goes on.
    </p>
    <h3>Three things to show</h3>
    <ol>
      <li>
        <p>Initialization: it holds before the first turn.</p>
      </li>
      <li>
        <p>Maintenance: if it holds before a turn, it holds before the next one.</p>
      </li>
      <li>
        <p>Termination: when the loop ends, it says something that we wanted to know.</p>
      </li>
    </ol>
    <p>
      The first two are a proof by induction over the turns. The third is why one takes the trouble: together
      with the condition that ended the loop, the invariant gives the result.
    </p>
    <h3>Insertion sort</h3>
    <pre>
      <code>{`for i in range(1, len(xs)):
    j = i
    while j > 0 and xs[j - 1] > xs[j]:
        xs[j - 1], xs[j] = xs[j], xs[j - 1]
        j -= 1`}</code>
    </pre>
    <p>
      Before each turn of the outer loop, the first <code>i</code> elements are those that stood there at the
      beginning, in sorted order. With one element that is trivially so. When the loop ends, <code>i</code> is
      the length of the list, and the whole list is sorted.
    </p>
    <blockquote>
      <p>
        “Beware of bugs in the above code; I have only proved it correct, not tried it.” Donald Knuth, 1977
      </p>
    </blockquote>
    <p>
      Write down the invariant of the inner loop yourself, and ask where it is not clear: mark the words, and
      put your question beside them.
    </p>
  </article>
);
