// The script of the screen.
