"""Why a Trainer has to act: a file for each need. They look and never act."""
