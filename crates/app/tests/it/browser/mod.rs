//! What a browser needs beside the API: the app's pages.

mod pages;
