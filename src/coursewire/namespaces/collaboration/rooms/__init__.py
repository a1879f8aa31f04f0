"""Documents that are open on this node: memory of what the rows say, on the event loop.

replica     a document in memory, and what has to hold of an edit before it is applied
room        one document as long as somebody is in it: loading, dropping, hearing of edits elsewhere
people      who is in it, and what each may do
carets      where they stand
company     telling them of each other
rooms       all of them: found, made, let go
above       who is here and stands above all courses
commands    what sessions ask of them
compacting  snapshots in place of edits
"""
