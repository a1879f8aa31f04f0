"""Bytes of Yjs and y-protocols, read and written without trusting them, and documents as text and HTML.

lib0        numbers, texts and values
structs     what is written: text, elements, marks, values, and what each stands beside
reading     updates: what is in them, and what they lack
joining     text that comes letter by letter, in one
splitting   an update in two halves, one after the other
placing     whether an update is an edit of this document
labour      how much it makes pycrdt do
neighbours  what stands right behind what, so that nothing is walked past
known       what a room remembers to tell that
homes       in which element a unit is
packed      how what is known is written
applying    an update put into a document
awareness   carets
rendering   a document as text and as HTML
tree        a document as plain values, and the edits that make one of another
seeding     text or HTML as a document
weaving     a state as its units in order, those that are deleted too

The way of an update into a room: `read_update`, `join` if it is long, `missing` (a gap: sync), `check_profile`
(Invalid), `note_applied`, `apply`. What raises does so before anything has changed.
"""
