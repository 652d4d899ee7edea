// Package pages has tests that run the scripts of pages as they are, behind a stand-in for
// the document.
package pages
