"""Writes down for others what the Python contracts say: JSON Schema, AsyncAPI, TypeScript, reference pages.

registry    which contracts exist
schema      contract -> JSON Schema
typescript  JSON Schema -> TypeScript
asyncapi    JSON Schema -> AsyncAPI
reference   JSON Schema -> Markdown
files       all of it -> files, and whether those on disk are stale
"""
