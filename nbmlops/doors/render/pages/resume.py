from nbmlops.doors.render.pages.run import page

__all__ = ["page"]
