"""A model as an HTTP service: what runs in an image, beside a router, or for a moment on a laptop.

It needs the model's own packages, Starlette, uvicorn, msgspec and numpy, and nothing else of nbmlops than `lib` and
`errors`: this folder is copied into images.
"""
