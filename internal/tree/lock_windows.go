package tree

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// tryLock opens a file in the folder that nobody else can open meanwhile. Windows removes the file when it is closed,
// also by a killed process.
func tryLock(root string) (unlock func(), err error) {
	name, err := windows.UTF16PtrFromString(filepath.Join(root, ".lock"))
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateFile(name, windows.GENERIC_WRITE, 0, nil, windows.CREATE_ALWAYS, windows.FILE_ATTRIBUTE_HIDDEN|windows.FILE_FLAG_DELETE_ON_CLOSE, 0)
	if errors.Is(err, windows.ERROR_SHARING_VIOLATION) {
		return nil, errLocked
	}
	if err != nil {
		return nil, err
	}
	return func() { windows.CloseHandle(h) }, nil
}

// syncDir does nothing, since Windows has no such call and NTFS journals renames.
func syncDir(*os.Root, string) {}
