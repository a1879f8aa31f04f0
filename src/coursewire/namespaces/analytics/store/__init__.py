"""The tables of /analytics and its queries: the only SQL of this namespace."""
