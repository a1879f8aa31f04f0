"""What the product does, one folder per namespace: `contract`, `namespace`, `service`, `rules`, `store`, `http`.

A namespace may import another's `contract` and nothing else of it.
"""
